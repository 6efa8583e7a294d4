/** From scores to an output row: the mask, the decay, and the weighted sum of values. */
import type { AttentionModel, MaskModel } from '../semantics/model.ts'
import { Evaluator } from './evaluate.ts'
import { exponential, extended, logarithm, multiply, toNumber, zero } from '../symbolic/extended.ts'
import type { Extended } from '../symbolic/extended.ts'
import { Vector } from './vector.ts'

/** κ of query row i and key row j. */
export type Score = (i: number, j: number) => Extended

/** Whether query row i may see key row j, of `keys` visible ones. */
export function visibility(
  mask: MaskModel,
  queries: number,
  keys: number,
): (i: number, j: number) => boolean {
  if (mask.kind === 'none') return () => true
  if (mask.kind === 'causal') return (i, j) => j <= i
  const condition = new Evaluator(mask.condition).set('length', keys)
  const seen = new Uint8Array(queries * keys)
  for (let i = 0; i < queries; i++)
    for (let j = 0; j < keys; j++)
      seen[i * keys + j] = condition.set('i', i).set('j', j).scalar().mantissa === 0 ? 0 : 1
  return (i, j) => seen[i * keys + j] === 1
}

/** log γ of a head. */
export function logDecay(model: AttentionModel, head: number): number {
  return model.decay === undefined ? 0 : logarithm(new Evaluator(model.decay).set('head', head).scalar())
}

/** κ times γ^(i − j) of a head. */
export function discounted(score: Score, model: AttentionModel, head: number): Score {
  const logGamma = logDecay(model, head)
  return logGamma === 0 ? score : (i, j) => multiply(score(i, j), exponential((i - j) * logGamma))
}

/** γ^(i − j) of the pairs that see each other, of so many queries and keys, and 0 of the others. */
export function factors(model: AttentionModel, queries: number, keys: number, head: number): Score {
  const visible = visibility(model.mask, queries, keys)
  const logGamma = logDecay(model, head)
  return (i, j) => (visible(i, j) ? exponential((i - j) * logGamma) : zero)
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
  const denominator = sum + (epsilon === 0 ? 0 : toNumber(extended(epsilon, -peak)))
  return out.map((entry) => entry / denominator)
}
