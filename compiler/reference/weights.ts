/** From scores to an output row: the mask, and the weighted sum of values. */
import type { AttentionModel, MaskModel } from '../semantics/model.ts'
import { Evaluator } from './evaluate.ts'
import { add, divide, extended, logarithm, toNumber, zero } from '../symbolic/extended.ts'
import type { Extended } from '../symbolic/extended.ts'
import { Vector } from './vector.ts'

/** κ of query row i and key row j. */
export type Score = (i: number, j: number) => Extended

/** What expressions of a pair see beside its rows. */
interface Pairwise {
  readonly fix: <S extends Pick<Evaluator, 'set'>>(evaluator: S) => S
  readonly pair: (evaluator: Pick<Evaluator, 'set'>, i: number, j: number) => void
}

/** Whether query row i may see key row j, of `keys` visible ones. */
export function visibility(
  mask: MaskModel,
  queries: number,
  keys: number,
  data?: Pairwise,
  counted = queries,
): (i: number, j: number) => boolean {
  if (mask.kind === 'none') return () => true
  if (mask.kind === 'causal') {
    const ahead = mask.fromEnd === true ? keys - counted : 0
    return (i, j) => j <= i + ahead
  }
  const evaluator = new Evaluator(mask.condition)
  const condition = (data?.fix(evaluator) ?? evaluator).set('length', keys)
  const seen = new Uint8Array(queries * keys)
  for (let i = 0; i < queries; i++)
    for (let j = 0; j < keys; j++) {
      data?.pair(condition, i, j)
      seen[i * keys + j] = condition.set('i', i).set('j', j).scalar().mantissa === 0 ? 0 : 1
    }
  return (i, j) => seen[i * keys + j] === 1
}

/** Row i of M·κ: the weights of `keys` values before the division. */
export function termsOf(
  i: number,
  keys: number,
  score: Score,
  visible: (i: number, j: number) => boolean,
): Vector {
  return Vector.from(keys, (j) => (visible(i, j) ? score(i, j) : zero))
}

/**
 * Σ_j t_j v_j / (Σ_j t_j + ε), or the numerator alone.
 * A row none of whose terms weighs anything gives zeros.
 */
export function weightedSum(
  terms: Vector,
  values: readonly Vector[],
  { valueDim, normalize, epsilon }: Pick<AttentionModel, 'valueDim' | 'normalize' | 'epsilon'>,
  sink: Extended = zero,
): Float64Array {
  const { values: weights, peak } = terms.aligned
  const out = new Float64Array(valueDim)
  let sum = 0
  for (const [j, value] of values.entries()) {
    const weight = weights[j] ?? 0
    if (weight === 0) continue
    sum += weight
    const entries = value.mantissa
    for (let column = 0; column < valueDim; column++)
      out[column] = (out[column] ?? 0) + weight * (entries[column] ?? 0)
  }
  if (weights.every((weight) => weight === 0)) return out
  if (normalize === 'none') return out.map((entry) => toNumber(extended(entry, peak)))
  const others = add(sink, extended(epsilon))
  const denominator =
    sum + (others.mantissa === 0 ? 0 : toNumber(extended(others.mantissa, others.log - peak)))
  return out.map((entry) => entry / denominator)
}

/** log(Σ_j t_j + ε + e^sink); −∞ for a row that sees no key. */
export function logSum(terms: Vector, { epsilon }: AttentionModel, sink: Extended): number {
  const { values, peak } = terms.aligned
  if (values.every((weight) => weight === 0)) return -Infinity
  const sum = extended(
    values.reduce((total, weight) => total + weight, 0),
    peak,
  )
  return logarithm(add(add(sum, sink), extended(epsilon)))
}

/** A sum over its denominator and ε; 0 where nothing weighs anything. */
export function quotient(above: Extended, below: Extended, { epsilon }: AttentionModel): number {
  if (below.mantissa === 0) return 0
  return toNumber(divide(above, add(below, extended(epsilon))))
}
