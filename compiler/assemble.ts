/**
 * The last step before text: the results of all stages put together as one
 * description, from which a module is printed or a program made to run.
 */
import type { FormDescription, GradientDescription, ProgramDescription } from './codegen/description.ts'
import { invariant } from './diagnostics/invariant.ts'
import type { LoweredForm, LoweredForms, LoweredGradients } from './forms.ts'
import { dispatchesOf } from './schedule/schedule.ts'
import { bodiesOf } from './semantics/bodies.ts'
import { declaredTensors, drawnLaw, keysAreQueries, weightsOf } from './semantics/model.ts'
import type { AttentionModel, WeightModel } from './semantics/model.ts'
import { needsEqualLengths } from './semantics/owners.ts'
import { excess } from './symbolic/index-arithmetic.ts'
import { mentions } from './symbolic/traverse.ts'
import type { Target } from './targets/target.ts'
import { stand } from '../runtime/contract/weights.ts'
import type { KernelSource } from '../runtime/program.ts'

/** What the algebra says of an attention: why it has no decoding, if so, and whether rows are means. */
export interface Facts {
  readonly undecodable: string | undefined
  /** Whether no row sees those after it. */
  readonly causal: boolean
  readonly convex: boolean
}

/**
 * The description of a program: its facts, forms, kernels and weights.
 *
 * @param source the attention as canonical text, which the reference backend reads
 */
export function assemble(
  target: Target,
  model: AttentionModel,
  forms: LoweredForms,
  source: string,
  facts: Facts,
): ProgramDescription {
  const { forward, ...others } = forms
  return {
    ...factsOf(target, model, forward, source, facts),
    forms: {
      forward: formOf(target, forward),
      ...Object.fromEntries(Object.entries(others).map(([form, one]) => [form, formOf(target, one)])),
    },
    kernels: sourcesOf(Object.values(forms)),
  }
}

/**
 * The description of an attention that runs as its text alone, on the float64 reference.
 *
 * @param causal whether no row sees those after it
 */
export function assembleText(
  target: Target,
  model: AttentionModel,
  { source, causal }: { readonly source: string; readonly causal: boolean },
  uncompiled: string,
): ProgramDescription {
  const { name, dim, valueDim, feature } = model
  const law = drawnLaw(model)
  const empty: FormDescription = { chunks: 0, groups: 'heads', buffers: [], dispatches: [] }
  const obstacle = obstacleToDecoding(model, causal)
  return {
    name,
    dim,
    valueDim,
    features: feature?.features ?? 0,
    causal,
    target: target.name,
    ...(law && { projection: law }),
    ...(obstacle !== undefined && { undecodable: obstacle }),
    only: 'reference',
    uncompiled,
    tensors: declaredTensors(model),
    weights: weightsOf(model).map(planOf),
    source,
    forms: { forward: empty, ...(obstacle === undefined && { prefill: empty, step: empty }) },
    kernels: {},
  }
}

/** Why rows are not those of the same sequence with more tokens behind them. */
function obstacleToDecoding(model: AttentionModel, causal: boolean): string | undefined {
  const { evaluation, stabilize } = model
  if (!causal) return 'its mask is not `causal`'
  if (evaluation !== 'exact' && evaluation !== 'factorised') return 'its rows are made of the whole sequence'
  if (stabilize.kind === 'max') return 'stabilize: max takes maxima over the whole sequence'
  const seesLength = bodiesOf(model).some(({ expression }) => mentions(expression, 'length'))
  return seesLength ? 'it sees `length`, which grows with every token' : undefined
}

/** The description of the gradients of a program. */
export function assembleGradients(
  target: Target,
  model: AttentionModel,
  gradients: LoweredGradients,
  facts: Facts,
): GradientDescription {
  return {
    ...factsOf(target, model, gradients.backward, '', facts),
    forms: {
      backward: formOf(target, gradients.backward),
      ...Object.fromEntries(
        Object.entries(gradients).map(([form, one]: [string, LoweredForm]) => [form, formOf(target, one)]),
      ),
    },
    kernels: sourcesOf(Object.values(gradients) as LoweredForm[]),
  }
}

function factsOf(
  target: Target,
  model: AttentionModel,
  { schedule }: LoweredForm,
  source: string,
  facts: Facts,
): Omit<ProgramDescription, 'forms' | 'kernels'> {
  const { name, dim, valueDim, mask } = model
  const law = drawnLaw(model)
  const limit = mask.kind === 'condition' ? excess(mask.condition, target.exact) : undefined
  return {
    name,
    dim,
    valueDim,
    features: schedule.features,
    causal: facts.causal,
    target: target.name,
    ...(law && { projection: law }),
    ...(keysAreQueries(model) && { keysAreQueries: true }),
    ...(limit && { longest: limit.longest }),
    ...(facts.convex && { convex: true }),
    ...(facts.undecodable !== undefined && { undecodable: facts.undecodable }),
    ...dataOf(model),
    weights: weightsOf(model).map(planOf),
    source,
  }
}

/** What the file declares, where it does. */
function dataOf(model: AttentionModel): Pick<ProgramDescription, 'tensors' | 'sameRows'> {
  const tensors = declaredTensors(model)
  if (tensors.length === 0) return {}
  return { tensors, ...(needsEqualLengths(model) && { sameRows: true }) }
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
    ...(schedule.together && { together: schedule.together }),
    ...(schedule.rows && { rows: schedule.rows }),
    buffers: schedule.buffers.map(({ name, role, element, size, value, scales, total, kept }) => ({
      name,
      role,
      element,
      size,
      ...(value === undefined ? {} : { value }),
      ...(scales === undefined ? {} : { scales }),
      ...(total && { total }),
      ...(kept && { kept }),
    })),
    dispatches: dispatchesOf(schedule).map(({ pass, buffers }) => ({
      kernel: kernels[schedule.passes.indexOf(pass)]?.name ?? '',
      ...target.count(pass),
      buffers,
    })),
  }
}

/** A set of weights for queries, or for values, is the set for keys unless the caller gives two. */
const planOf = ({ name, shape }: WeightModel): ProgramDescription['weights'][number] => {
  const otherwise = stand[name]
  return {
    name,
    perHead: shape.reduce<number>((count, size) => (size === 'keyRows' ? count : count * size), 1),
    ...(shape.includes('keyRows') && { perKeyRow: true }),
    ...(otherwise && { otherwise }),
  }
}
