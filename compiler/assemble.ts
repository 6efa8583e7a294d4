/**
 * The last step before text: what the stages found about an attention, put
 * together as the description from which its module is printed, or run.
 */
import type { FormDescription, ProgramDescription } from './codegen/description.ts'
import { invariant } from './diagnostics/invariant.ts'
import type { LoweredForm, LoweredForms } from './forms.ts'
import { dispatchesOf } from './schedule/schedule.ts'
import type { AttentionModel } from './semantics/model.ts'
import { excess } from './symbolic/index-arithmetic.ts'
import type { Target } from './targets/target.ts'
import type { KernelSource } from '../runtime/program.ts'

/**
 * @param source the attention as canonical text, for backends that its kernels are not for
 * @param obstacle why it does not decode, if it does not
 */
export function assemble(
  target: Target,
  model: AttentionModel,
  forms: LoweredForms,
  source: string,
  obstacle: string | undefined,
): ProgramDescription {
  const { name, dim, valueDim, buckets, mask } = model
  const law = lawOf(model)
  const { forward, ...others } = forms
  const limit = mask.kind === 'condition' ? excess(mask.condition, target.exact) : undefined
  return {
    name,
    dim,
    valueDim,
    features: forward.schedule.features,
    causal: forward.schedule.causal,
    target: target.name,
    ...(law && { projection: law }),
    ...(buckets && { keysAreQueries: true }),
    ...(limit && { longest: limit.longest }),
    ...(obstacle !== undefined && { undecodable: obstacle }),
    weights: weightsOf(model),
    source,
    forms: {
      forward: formOf(target, forward),
      ...Object.fromEntries(Object.entries(others).map(([form, one]) => [form, formOf(target, one)])),
    },
    kernels: sourcesOf(Object.values(forms)),
  }
}

/** Forms share the kernels that they have in common. */
function sourcesOf(forms: readonly LoweredForm[]): ProgramDescription['kernels'] {
  const sources: Record<string, KernelSource> = {}
  for (const { kernels, sources: spelt } of forms)
    for (const [index, { name }] of kernels.entries()) {
      const source = spelt[index]
      invariant(source !== undefined, 'every kernel is spelt')
      invariant(
        (sources[name]?.code ?? source.code) === source.code,
        `kernels of the name ${name} are the same`,
      )
      sources[name] = source
    }
  return sources
}

function formOf(target: Target, { schedule, kernels }: LoweredForm): FormDescription {
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
    dispatches: dispatchesOf(schedule).map(({ pass, buffers }) => ({
      kernel: kernels[schedule.passes.indexOf(pass)]?.name ?? '',
      ...target.count(pass),
      buffers,
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
