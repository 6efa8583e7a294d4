/**
 * The variance of φ(q)·φ(k) for m independent rows,
 *
 *     Var = (E[F²] − E[F]²)/m,     F = Σ_blocks f(q, w)·f(k, w),
 *
 * in closed form, and what is known of orthogonal rows.
 */
import { drawnAs } from '../../../runtime/contract/projections.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import { divide, variable } from '../../symbolic/build.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { print } from '../../symbolic/print.ts'
import { express, text } from './express.ts'
import { type Moments, momentsOf, type NoMoments } from './moments.ts'
import { orthogonalGap, pairsInBlocks } from './orthogonal.ts'
import { add, multiply, scale, subtract } from './ring/arithmetic.ts'
import { evaluateReal } from './ring/evaluate.ts'
import { OutOfReach, type Value } from './ring/value.ts'

/** The variance of φ(q)·φ(k) over the projections, in closed form. */
export interface ClosedVariance {
  readonly kind: 'closed'
  /** In q, k and m, where m counts the projections: as the language writes it. */
  readonly formula: string
  /** The same; absent where the language has no words for it. */
  readonly expression?: Expression
  /** E[φ(q)·φ(k)], in the language. */
  readonly mean: string
  /** At rows that are multiplied by √scale already, and the file's number of projections or another. */
  readonly at: (rows: Rows, projections?: number) => number
  readonly meanAt: (rows: Rows) => number
  /** For rows drawn as `orthogonal` ones, where the theorem applies. */
  readonly orthogonal?: OrthogonalBound
}

/** One query row and one key row. */
export interface Rows {
  readonly q: ArrayLike<number>
  readonly k: ArrayLike<number>
  /** Of the query, of the key, and how many rows there are; for features that see them. */
  readonly positions?: { readonly i: number; readonly j: number; readonly length: number }
}

/** No more than this, and less than the variance of independent rows. */
export interface OrthogonalBound {
  /** For the file's number of projections. */
  readonly formula: string
  /** For that number or another. */
  readonly at: (rows: Rows, projections?: number) => number
}

/** The variance, or why it is not known. */
export type Variance = ClosedVariance | NoMoments

/** The variance of the estimate over independent rows, and its bound for orthogonal ones. */
export function variance(model: AttentionModel): Variance {
  const moments = momentsOf(model)
  if ('kind' in moments) return moments
  const { dim, projections } = model
  const single = subtract(moments.square, multiply(moments.mean, moments.mean))
  const at = (rows: Rows, count = moments.projections): number => Math.max(0, valueAt(single, rows)) / count
  return {
    kind: 'closed',
    ...written(single, dim),
    mean: text(moments.mean, dim),
    at,
    meanAt: (rows) => valueAt(moments.mean, rows),
    ...(projections && drawnAs({ ...projections, dim }) === 'orthogonal' && bound(moments, single, dim)),
  }
}

function written(single: Value, dim: number): Pick<ClosedVariance, 'formula' | 'expression'> {
  try {
    const once = express(single, dim)
    const expression = single.length === 0 ? once : divide(once, variable('m'))
    return { formula: print(expression), expression }
  } catch (problem) {
    if (problem instanceof OutOfReach) return { formula: `(${text(single, dim)}) / m` }
    throw problem
  }
}

function bound(moments: Moments, single: Value, dim: number): { orthogonal?: OrthogonalBound } {
  const gap = orthogonalGap(moments, dim)
  if (gap === undefined) return {}
  const of = (m: number): Value => add(scale(single, 1 / m), scale(gap, -pairsInBlocks(m, dim) / m ** 2))
  return {
    orthogonal: {
      formula: text(of(moments.projections), dim),
      at: (rows, count = moments.projections) => Math.max(0, valueAt(of(count), rows)),
    },
  }
}

function valueAt(value: Value, { q, k, positions }: Rows): number {
  const { i = 0, j = 0, length = 1 } = positions ?? {}
  return evaluateReal(value, { rows: { q, k, other: k }, scalars: { i, j, length } })
}
