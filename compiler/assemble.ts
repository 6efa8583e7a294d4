/**
 * The last step before text: what the stages found about an attention, put
 * together as the description from which its module is printed, or run.
 */
import type { FormDescription, FormName, ProgramDescription } from './codegen/description.ts'
import { gpujs } from './codegen/gpujs.ts'
import { wgsl } from './codegen/wgsl.ts'
import { invariant } from './diagnostics/invariant.ts'
import type { CellKernel } from './kernel/cell.ts'
import type { Kernel } from './kernel/kernel.ts'
import { dispatchesOf } from './schedule/schedule.ts'
import type { Schedule } from './schedule/schedule.ts'
import type { AttentionModel } from './semantics/model.ts'
import { excess, inCells, inWords } from './symbolic/index-arithmetic.ts'
import type { KernelSource } from '../runtime/program.ts'

/** A schedule and its kernels, one a pass. */
export interface LoweredForm {
  readonly schedule: Schedule
  readonly kernels: readonly Kernel[]
  /** For the target gpujs: the same kernels, as what they are for a cell. */
  readonly cells?: readonly CellKernel[]
}

/**
 * @param source the attention as canonical text, for backends that its kernels are not for
 * @param obstacle why it does not decode, if it does not
 */
export function assemble(
  model: AttentionModel,
  forms: Readonly<Partial<Record<FormName, LoweredForm>>> & { readonly forward: LoweredForm },
  source: string,
  obstacle: string | undefined,
): ProgramDescription {
  const { name, dim, valueDim, buckets, mask } = model
  const law = lawOf(model)
  const { forward, ...others } = forms
  const exact = forward.cells === undefined ? inWords : inCells
  const limit = mask.kind === 'condition' ? excess(mask.condition, exact) : undefined
  return {
    name,
    dim,
    valueDim,
    features: forward.schedule.features,
    causal: forward.schedule.causal,
    target: forward.cells === undefined ? 'webgpu' : 'gpujs',
    ...(law && { projection: law }),
    ...(buckets && { keysAreQueries: true }),
    ...(limit && { longest: limit.longest }),
    ...(obstacle !== undefined && { undecodable: obstacle }),
    weights: weightsOf(model),
    source,
    forms: {
      forward: formOf(forward),
      ...Object.fromEntries(Object.entries(others).map(([form, one]) => [form, formOf(one)])),
    },
    kernels: sourcesOf(Object.values(forms)),
  }
}

/** Forms share the kernels that they have in common. */
function sourcesOf(forms: readonly LoweredForm[]): ProgramDescription['kernels'] {
  const sources: Record<string, KernelSource> = {}
  for (const { kernels, cells } of forms) {
    const spelt =
      cells?.map((kernel) => [kernel.name, gpujs(kernel)] as const) ??
      kernels.map((kernel) => [kernel.name, wgsl(kernel)] as const)
    for (const [name, source] of spelt) {
      invariant(
        (sources[name]?.code ?? source.code) === source.code,
        `kernels of the name ${name} are the same`,
      )
      sources[name] = source
    }
  }
  return sources
}

function formOf({ schedule, kernels }: LoweredForm): FormDescription {
  invariant(schedule.passes.length === kernels.length, 'every pass has one kernel')
  return {
    chunks: schedule.chunks,
    groups: schedule.groups,
    ...(schedule.rows && { rows: schedule.rows }),
    buffers: schedule.buffers.map(({ name, role, element, size, value }) => ({
      name,
      role,
      element,
      size,
      ...(value === undefined ? {} : { value }),
    })),
    dispatches: dispatchesOf(schedule).map(({ pass, buffers }) => {
      const kernel = kernels[schedule.passes.indexOf(pass)]?.name ?? ''
      if (pass.kind === 'cells') return { kernel, extent: pass.extent, buffers }
      return {
        kernel,
        workgroups: pass.workgroups,
        buffers,
        ...(pass.when === undefined ? {} : { when: pass.when }),
      }
    }),
  }
}

/** What is for queries, or for values, is the same as for keys unless two sets are given. */
function weightsOf({ landmarks, compress, dim }: AttentionModel): ProgramDescription['weights'] {
  if (compress !== undefined) {
    const weights = { perHead: compress.count, perKeyRow: true } as const
    return [
      { name: 'compressKeys', ...weights },
      { name: 'compressValues', ...weights, otherwise: 'compressKeys' },
    ]
  }
  if (landmarks === undefined) return []
  const { count, source, conv } = landmarks
  return [
    ...(source === 'learned'
      ? ([
          { name: 'landmarks', perHead: count * dim },
          { name: 'queryLandmarks', perHead: count * dim, otherwise: 'landmarks' },
        ] as const)
      : []),
    ...(conv === undefined ? [] : [{ name: 'conv', perHead: conv } as const]),
  ]
}

/** What is drawn: projections of features, or the rotations of all rounds of a hash. */
function lawOf({ dim, projections, buckets }: AttentionModel): ProgramDescription['projection'] {
  if (projections !== undefined) {
    const { count, coupling, fixedNorm, seed } = projections
    return { rows: count, dim, coupling, fixedNorm, seed }
  }
  if (buckets === undefined) return undefined
  const { count, rounds, seed } = buckets
  return { rows: (rounds * count) / 2, dim, coupling: 'iid', fixedNorm: false, seed }
}
