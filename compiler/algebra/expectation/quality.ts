/**
 * How good are the attention weights that these features give?
 *
 * A single entry of the kernel is off by √Var/E, which says little by itself:
 * errors that all keys of a query share cancel in the denominator. So the weights
 * a_j = κ_j/Σκ are looked at. With e_j the errors of the κ_j, to first order
 *
 *     δa_j = (e_j − a_j·Σe)/Σκ,
 *     E‖δa‖² = (tr Σ − 2·aᵀΣ1 + ‖a‖²·1ᵀΣ1)/(Σκ)²,      Σ_jl = Cov(e_j, e_l),
 *
 * and Σ is E[F(q, k_j)·F(q, k_l)] − κ_j·κ_l over m, in closed form. Uniform
 * attention, which looks at nothing, has the error ‖a − 1/n‖². Where the
 * features' error is the larger, the weights they give are worse than equal ones,
 * and more projections, or rows of smaller norm, are needed.
 *
 * The rows of the projection are taken as independent. For those, the ratio of the
 * two errors is met by simulation within a few percent while it is below 2, and
 * the first order overstates it beyond. Rows in orthogonal or simplex blocks do
 * better: at dim 64 and 256 projections the ratio was measured at 0.5 to 1 of this
 * where it is near 1, and at 0.75 to 1 of it at 1.9. They are called worse than
 * uniform only from a ratio of 1.5 on.
 */
import type { AttentionModel } from '../../semantics/model.ts'
import { type Moments, momentsOf } from './moments.ts'
import { spreadRow } from './points.ts'
import { evaluateReal } from './ring/evaluate.ts'
import type { Value } from './ring/value.ts'

/** The lengths of the rows for which quality is asked. */
export interface Norms {
  /** Of query and key rows, as the kernel sees them: multiplied by √scale. */
  readonly normQ: number
  readonly normK: number
}

/** How well φ(q)·φ(k) estimates the kernel, and the attention weights. */
export interface Quality {
  /** √Var/|E| of one entry of the kernel, at rows of these norms. */
  readonly relativeDeviation: { readonly orthogonal: number; readonly parallel: number }
  /** Root mean square error of the weights, over that of uniform attention, for independent projection rows. */
  readonly errorOverUniform: number
  /** A ratio above 1, or above 1.5 where the projection rows are not independent. */
  readonly worseThanUniform: boolean
  /** The fewest independent projections that are no worse than uniform attention. */
  readonly projectionsNeeded: number
  /** The fewest that bring the relative deviation at orthogonal rows down to a target. */
  readonly projectionsFor: (target: number) => number
}

const queriesTried = 6
const keysTried = 24

/** The ratio of errors from which rows are worse than uniform attention whatever couples them. */
const plainlyWorse = 1.5

/**
 * For rows of stated norms in directions spread over the sphere; undefined where
 * the moments have no closed form, and where nothing is random.
 */
export function quality(model: AttentionModel, { normQ, normK }: Norms): Quality | undefined {
  const { dim } = model
  const moments = momentsOf(model)
  if ('kind' in moments) return undefined
  const rows = (count: number, norm: number, seed: number): Float64Array[] =>
    Array.from({ length: count }, (_, n) => spreadRow(dim, norm, seed + n))
  const spread = weightsError(moments, rows(queriesTried, normQ, 100), rows(keysTried, normK, 200))
  const axis = (t: number, norm: number): number[] =>
    Array.from({ length: dim }, (_, n) => (n === t ? norm : 0))
  const single = (t: number): number => singleDeviation(moments, axis(0, normQ), axis(t, normK))
  const m = moments.projections
  const [orthogonal, parallel] = [single(dim > 1 ? 1 : 0), single(0)]
  return {
    relativeDeviation: { orthogonal: orthogonal / Math.sqrt(m), parallel: parallel / Math.sqrt(m) },
    ...summary(model, spread, m),
    projectionsFor: (target) => Math.max(1, Math.ceil((orthogonal / target) ** 2)),
  }
}

/** The same of given rows, as the kernel sees them; entries of one kernel are not looked at. */
export function qualityOfRows(
  model: AttentionModel,
  queries: readonly ArrayLike<number>[],
  keys: readonly ArrayLike<number>[],
): Pick<Quality, 'errorOverUniform' | 'worseThanUniform' | 'projectionsNeeded'> | undefined {
  const moments = momentsOf(model)
  if ('kind' in moments) return undefined
  return summary(model, weightsError(moments, queries, keys), moments.projections)
}

interface WeightsError {
  /** E‖δa‖² of one projection, and ‖a − 1/n‖², summed over the queries. */
  readonly single: number
  readonly uniform: number
}

function summary(
  model: AttentionModel,
  { single, uniform }: WeightsError,
  m: number,
): Pick<Quality, 'errorOverUniform' | 'worseThanUniform' | 'projectionsNeeded'> {
  const ratio = single === 0 ? 0 : single / uniform
  const errorOverUniform = Math.sqrt(ratio / m)
  const independent = model.projections?.coupling === 'iid'
  return {
    errorOverUniform,
    worseThanUniform: errorOverUniform > (independent ? 1 : plainlyWorse),
    projectionsNeeded: Math.max(1, Math.ceil(ratio)),
  }
}

/** √(E[F²] − E[F]²)/|E[F]|. */
function singleDeviation(moments: Moments, q: ArrayLike<number>, k: ArrayLike<number>): number {
  const mean = at(moments.mean, q, k, k)
  const variance = at(moments.square, q, k, k) - mean * mean
  return variance <= 0 ? 0 : Math.sqrt(variance) / Math.abs(mean)
}

function weightsError(
  moments: Moments,
  queries: readonly ArrayLike<number>[],
  keys: readonly ArrayLike<number>[],
): WeightsError {
  let single = 0
  let uniform = 0
  for (const q of queries) {
    const kernel = keys.map((k) => at(moments.mean, q, k, k))
    const total = sum(kernel)
    const weights = kernel.map((value) => value / total)
    const covariance = keys.map((k, j) =>
      keys.map((other, l) => at(moments.cross, q, k, other) - (kernel[j] ?? 0) * (kernel[l] ?? 0)),
    )
    const rowSums = covariance.map(sum)
    const trace = sum(covariance.map((row, n) => row[n] ?? 0))
    const shared = sum(weights.map((weight, n) => weight * (rowSums[n] ?? 0)))
    const length = sum(weights.map((weight) => weight * weight))
    single += (trace - 2 * shared + length * sum(rowSums)) / (total * total)
    uniform += sum(weights.map((weight) => (weight - 1 / keys.length) ** 2))
  }
  return { single: Math.max(0, single), uniform }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

const at = (value: Value, q: ArrayLike<number>, k: ArrayLike<number>, other: ArrayLike<number>): number =>
  evaluateReal(value, { rows: { q, k, other }, scalars: { i: 0, j: 0, length: 1 } })
