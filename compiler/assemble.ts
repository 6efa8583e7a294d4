/**
 * The last step before text: what the stages found about an attention, put
 * together as the description from which its module is printed, or run.
 */
import type { FormDescription, FormName, ProgramDescription } from './codegen/description.ts'
import { wgsl } from './codegen/wgsl.ts'
import { invariant } from './diagnostics/invariant.ts'
import type { Kernel } from './kernel/kernel.ts'
import { dispatchesOf } from './schedule/schedule.ts'
import type { Schedule } from './schedule/schedule.ts'
import type { AttentionModel } from './semantics/model.ts'

/** A schedule and its kernels, one a pass. */
export interface LoweredForm {
  readonly schedule: Schedule
  readonly kernels: readonly Kernel[]
}

/** @param source the text of the spec, for the reference backend */
export function assemble(
  model: AttentionModel,
  forms: Readonly<Partial<Record<FormName, LoweredForm>>> & { readonly forward: LoweredForm },
  source: string,
): ProgramDescription {
  const { name, dim, valueDim, buckets } = model
  const law = lawOf(model)
  const { forward, ...others } = forms
  const lowered = Object.values(forms)
  return {
    name,
    dim,
    valueDim,
    features: forward.schedule.features,
    causal: forward.schedule.causal,
    target: 'webgpu',
    ...(law && { projection: law }),
    ...(buckets && { keysAreQueries: true }),
    weights: weightsOf(model),
    source,
    forms: {
      forward: formOf(forward),
      ...Object.fromEntries(Object.entries(others).map(([form, one]) => [form, formOf(one)])),
    },
    // Forms share the kernels that they have in common.
    kernels: Object.fromEntries(
      lowered.flatMap(({ kernels }) => kernels.map((kernel) => [kernel.name, wgsl(kernel)])),
    ),
  }
}

function formOf({ schedule, kernels }: LoweredForm): FormDescription {
  invariant(schedule.passes.length === kernels.length, 'every pass has one kernel')
  return {
    chunks: schedule.chunks,
    groups: schedule.groups,
    buffers: schedule.buffers.map(({ name, role, element, size, value }) => ({
      name,
      role,
      element,
      size,
      ...(value === undefined ? {} : { value }),
    })),
    dispatches: dispatchesOf(schedule).map(({ pass, buffers }) => ({
      kernel: kernels[schedule.passes.indexOf(pass)]?.name ?? '',
      workgroups: pass.workgroups,
      buffers,
      ...(pass.when === undefined ? {} : { when: pass.when }),
    })),
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
