// out_i = Σ_j M_ij γ^(i−j) κ(q_i, k_j) v_j / (Σ_j M_ij γ^(i−j) κ(q_i, k_j) + ε), a pair at a time.
import type { AttentionModel } from '../../../compiler/semantics/model.ts'
import { evaluateNumber } from './expression.ts'
import { featureFactor, featuresOf } from './features.ts'
import type { Row } from './functions.ts'
import { plain, scaled } from './item.ts'
import type { Cell, Item } from './item.ts'
import { sees } from './mask.ts'
import {
  add,
  divide,
  errorOf,
  exponential,
  multiply,
  rounded,
  sum,
  unit,
  valueOf,
  wide,
  zero,
} from './wide.ts'
import type { Wide } from './wide.ts'

/** κ of query row i and key row j. */
export type Score = (i: number, j: number) => Wide

/** How much further off than its bound a device may be: the bound is of the formula, in the order in which it is written. */
const slack = 4

export function kernelScore({ kernel }: AttentionModel, q: readonly Row[], k: readonly Row[]): Score {
  return (i, j) => evaluateNumber(kernel!, { q: q[i]!, k: k[j]! })
}

interface Scores {
  readonly score: Score
  /** Whether sums over features cancel, so that a mean may come out beyond the values that it is of. */
  readonly cancels: boolean
}

function featureScores({ model, projection, q, queries, k }: Item): Scores {
  const left = featuresOf(model, 'query', scaled(q, model), queries, projection)
  const right = featuresOf(model, 'key', scaled(k, model), k.length, projection)
  const factor = wide(featureFactor(model))
  return {
    score: (i, j) => {
      const products = left[i]!.map((feature, f) => multiply(feature, right[j]![f]!))
      // What comes of a feature is added up over the keys before it meets the others.
      return multiply(factor, sum(products, k.length))
    },
    cancels: [...left, ...right].some((row) => row.some(({ mantissa }) => mantissa < 0)),
  }
}

/** As declared by a kernel or a feature alone. */
export function everyPair(item: Item): Cell[][] {
  const { model, q, k, v, head } = item
  const { score, cancels } =
    model.feature === undefined
      ? { score: kernelScore(model, scaled(q, model), scaled(k, model)), cancels: false }
      : featureScores(item)
  const visible = sees(model.mask, k.length)
  const gamma = model.decay === undefined ? undefined : evaluateNumber(model.decay, { head: wide(head) })
  const term: Score = (i, j) => {
    if (!visible(i, j)) return zero
    return gamma === undefined ? score(i, j) : multiply(score(i, j), decayed(gamma, i - j))
  }
  const sink = model.sink && evaluateNumber(model.sink, { head: wide(head) })
  return q.map((_, i) =>
    weightedRow(
      model,
      plain(v),
      k.map((_, j) => term(i, j)),
      { cancels, ...(sink && { beside: exponential(sink) }) },
    ),
  )
}

/** γ^distance, whose exponent is a product that is rounded. */
function decayed(gamma: Wide, distance: number): Wide {
  const power = distance * Math.log(valueOf(gamma))
  return wide(1, (8 + 8 * Math.abs(power) + distance) * unit, power)
}

/** A row all of whose weights are 0 gives zeros. */
export function weightedRow(
  { valueDim, normalize, epsilon, stabilize }: AttentionModel,
  values: readonly Row[],
  terms: readonly Wide[],
  { cancels = false, beside }: { readonly cancels?: boolean; readonly beside?: Wide } = {},
): Cell[] {
  const columns = Array.from({ length: valueDim }, (_, column) => column)
  if (terms.every(({ mantissa, error }) => mantissa === 0 && error === 0))
    return columns.map(() => ({ value: 0, tolerance: 0 }))
  const denominator = sum([sum(terms), rounded(epsilon), ...(beside ? [beside] : [])])
  const largest = Math.max(...terms.map(({ mantissa, exponent }) => Math.log(Math.abs(mantissa)) + exponent))
  const positive =
    !cancels &&
    beside === undefined &&
    terms.every(({ mantissa }) => mantissa >= 0) &&
    stabilize.kind === 'auto' &&
    epsilon === 0
  const [tooSmall, tooLarge] = [largest < -limit, largest > limit]
  return columns.map((column) => {
    const numerator = sum(terms.map((term, j) => multiply(term, values[j]![column]!)))
    if (normalize === 'none') return tooLarge ? nothing : cell(numerator)
    if (denominator.mantissa === 0 || (stabilize.kind === 'none' && (tooLarge || tooSmall))) return nothing
    // Beside ε, what is below f32's range is nothing.
    const mean = cell(
      divide(add(numerator, wide(0, epsilon === 0 ? 0 : terms.length * 2 ** -120)), denominator),
    )
    if (!positive) return mean
    return within(
      mean,
      values.filter((_, j) => terms[j]!.mantissa > 0).map((row) => row[column]!),
    )
  })
}

/** Of the exponent of what f32 holds for sure, sums of it and products with values among it. */
const limit = 70
/** What is not known. */
const nothing: Cell = { value: 0, tolerance: Infinity }

const cell = (result: Wide): Cell => ({
  value: valueOf(result),
  tolerance: slack * errorOf(result) + 2 ** -120,
})

/** A mean is among the values whatever is known of its weights. */
function within({ value, tolerance }: Cell, values: readonly Wide[]): Cell {
  const numbers = values.map(valueOf)
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)]
  const rounding = slack * (64 + numbers.length) * unit * Math.max(Math.abs(low), Math.abs(high))
  const span = Math.max(value - low, high - value) + rounding
  return { value, tolerance: Number.isNaN(tolerance) ? span : Math.min(tolerance, Math.max(span, 0)) }
}
