/**
 * Translation validation of gradients: on a random call, each program of them is held to the one before it.
 *
 *   equations  in float64, against reverse mode over the form that the reference interprets
 *   kernels    a target's, in f32 and with race detection, against the equations
 *   in two     the same kernels in two parts: what forward leaves against the reference, gradients against the
 *              kernels, to the bit
 *
 * All of it once for the gradients of rows, and once with those of parameters, which are programs of their own. On a call of
 * more rows than a chunk only the last of these programs is run, and whole, so that it takes seconds.
 */
import { parametersOf } from '../../algebra/facts.ts'
import type { Attention } from '../../algebra/attention.ts'
import { referenceGradients } from '../../reference/gradient/gradients.ts'
import { reference } from '../../reference/reference.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import { callOf, tensor } from '../cases/case.ts'
import type { Case } from '../cases/case.ts'
import { weightsOf } from '../cases/weights.ts'
import type { GradientCall, Weights } from '../execution/executor.ts'
import { gradientsInTwo, gradientsOfEquations, gradientsOfKernels } from '../execution/run-gradients.ts'
import type { GradientOf } from '../execution/run-gradients.ts'
import { layoutOf, smallText, whereIs, worstDifference } from '../properties/difference.ts'
import { gradientLayout, whereInGradient } from '../properties/gradient-layout.ts'
import { byName, entrywiseAllowance, isParameter } from '../rounding/gradients.ts'
import { allowedOf, drawnOf } from './calls.ts'
import type { GradientForm } from './gradient-forms.ts'
import { float64Share, relativeError, Results } from './results.ts'
import type { Comparison, StageResult } from './results.ts'

/** Gradients as the stages have them. */
interface GradientStages {
  readonly model: AttentionModel
  readonly algebra: Attention
  readonly forms: readonly GradientForm[]
}

/** A chunk of rows and the beginning of another, of grouped heads. */
const chunkAndMore = { length: 34, keyLength: 34, batch: 1 } as const
/**
 * Two items of few rows, some of which do not count. Each query row has more keys behind it than rows before it: gradients
 * that vanish, and terms over an epsilon alone, are rounding, of which entries have no bound.
 */
const short = { length: 5, keyLength: 8, batch: 2 } as const

const stagesOf = ({ parameters, kernels: { keep } }: GradientForm): readonly string[] => {
  const name = parameters ? 'gradients by parameters' : 'gradients'
  return [`${name}, equations`, `${name}, kernels`, ...(keep === undefined ? [] : [`${name}, in two`])]
}

/** @param effort `calls` is at least 2: one of many rows, others of few */
export function checkGradients(
  { model, algebra, forms }: GradientStages,
  { seed, calls }: { readonly seed: number; readonly calls: number },
): StageResult[] {
  const kept: Weights = { ...weightsOf(model).values, ...drawnOf(model) }
  const results = new Results(forms.flatMap(stagesOf))
  for (let n = 0; n < calls; n++) {
    const call = gradientCall(model, seed + n, n)
    const inputs = { ...call, ...kept, wrt: parametersOf(algebra) }
    const truth = referenceGradients(model, inputs)
    const allowed = entrywiseAllowance(model, inputs, truth)
    const known = byName(truth)
    const checked = { model, algebra, call, kept, results, known, allowed }
    // The last form computes whatever those before it do.
    if (n === 0) forms.slice(-1).forEach((form) => checkWhole(checked, form))
    else forms.forEach((form) => checkBoth(checked, form))
  }
  return results.all
}

interface Checked {
  readonly model: AttentionModel
  readonly algebra: Attention
  readonly call: GradientCall
  readonly kept: Weights
  readonly results: Results<string>
  readonly known: Readonly<Record<string, Float64Array>>
  readonly allowed: Readonly<Record<string, Float64Array>>
}

/** What there is for each name before, and who is held to it. */
interface Whole {
  readonly right: GradientOf
  readonly ofKernels: GradientOf | undefined
  readonly against: (before: GradientOf, share: number) => (found: GradientOf) => Comparison
}

function checkWhole(checked: Checked, form: GradientForm): Whole {
  const { call, kept, results, known } = checked
  const { equations, kernels, parameters } = form
  const [equationStage = '', kernelStage = ''] = stagesOf(form)
  const names = Object.keys(known).filter((name) => parameters || !isParameter(name))
  const truth: GradientOf = (name) => known[name]
  const against: Whole['against'] = (before, share) => (found) =>
    compared(checked, names, found, before, share)
  const ofEquations = results.hold(
    equationStage,
    () => equations && gradientsOfEquations(equations, call, kept),
    against(truth, float64Share),
  )
  const right = ofEquations ?? truth
  const ofKernels = results.hold(
    kernelStage,
    () => gradientsOfKernels(kernels.backward, call, kept),
    against(right, 1),
  )
  return { right, ofKernels, against }
}

/** The whole, then in two. */
function checkBoth(checked: Checked, form: GradientForm): void {
  const { call, kept, results } = checked
  const { keep, rest } = form.kernels
  const { right, ofKernels, against } = checkWhole(checked, form)
  if (keep === undefined || rest === undefined) return
  results.hold(
    stagesOf(form)[2] ?? '',
    () => gradientsInTwo({ keep, rest }, call, kept),
    ({ out, gradients }) => {
      const forward = comparedOutput(checked, out)
      if (forward.wrong !== undefined) return forward
      return ofKernels === undefined ? against(right, 1)(gradients) : against(ofKernels, 0)(gradients)
    },
  )
}

function largestOf(numbers: ArrayLike<number>): number {
  let largest = 0
  for (let index = 0; index < numbers.length; index++)
    largest = Math.max(largest, Math.abs(numbers[index] ?? 0))
  return largest
}

/** @param share of what f32 may be off by */
function compared(
  { call, allowed }: Checked,
  names: readonly string[],
  found: GradientOf,
  before: GradientOf,
  share: number,
): Comparison {
  let error = 0
  for (const name of names) {
    const [own = [], known = []] = [found(name), before(name)]
    // Where a gradient vanishes, what is there is rounding.
    if (largestOf(known) > largestOf(allowed[name] ?? [])) error = Math.max(error, relativeError(own, known))
    const difference = worstDifference(
      own,
      known,
      (index) => share * (allowed[name]?.[index] ?? 0) + Number.MIN_VALUE,
      gradientLayout(name, call, known.length),
    )
    if (difference !== undefined)
      return {
        error,
        wrong: `d${name}: ${whereInGradient(name, difference, call)} is ${difference.found}, and ${difference.expected} in the stage before; rounding explains ${smallText(difference.allowed)}`,
      }
  }
  return { error, wrong: undefined }
}

function comparedOutput({ model, algebra, call, kept }: Checked, out: ArrayLike<number>): Comparison {
  const expected = reference(model, { ...call, ...kept })
  const allowed = allowedOf(model, algebra, call, kept, expected)
  const difference = worstDifference(
    out,
    expected,
    (index) => (allowed[index] ?? 0) + Number.MIN_VALUE,
    layoutOf(call, model.valueDim),
  )
  return {
    error: relativeError(out, expected),
    wrong:
      difference &&
      `out: ${whereIs(difference, call)} is ${difference.found}, and ${difference.expected} in the reference; rounding explains ${smallText(difference.allowed)}`,
  }
}

/** Of what a call is made from, the cotangents of the output. */
const stream = 50_000

/** The first call is of more rows than a chunk, on which only the last form is run; the others are short. */
function gradientCall(model: AttentionModel, seed: number, n: number): GradientCall {
  const { heads } = weightsOf(model)
  const many = n === 0
  const shape: Case = {
    ...(many ? chunkAndMore : short),
    kvHeads: heads ?? 1,
    group: heads === undefined ? 2 : 1,
    norm: 1,
    values: seed,
  }
  const call = callOf(model, shape)
  const { batch, length, keyLength } = call
  const counts = (rows: number): number[] => Array.from({ length: batch }, (_, item) => rows - item)
  return {
    ...call,
    lengths: counts(keyLength),
    ...(!many && { queryLengths: counts(length) }),
    dout: tensor(batch * call.heads, length, model.valueDim, stream + seed, 1),
  }
}
