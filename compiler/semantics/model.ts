/**
 * The checked spec: what a file means once every name is resolved, every type
 * known and every default filled in. It is the definition that the float64
 * reference interprets and that the algebra starts from.
 *
 * Invariants (held by `verify.ts`):
 *  - `dim`, `valueDim`, counts are positive integers; `scale` is positive and finite;
 *  - at most one of `feature`, `landmarks`, `compress` and `buckets` is there;
 *    `evaluation` says which: `factorised`, `landmarks`, `compressed`,
 *    `bucketed`, or `exact` for none; all but `factorised` have a kernel;
 *  - `projections` is present exactly when the feature is projected;
 *  - expressions are in user form (no element, no reduce), closed over the
 *    variables listed beside them, with `dim`, `projections`, `pi` and every
 *    other constant already numbers;
 *  - a projected feature's blocks are scalar; query and key have equally many
 *    blocks and the same number of features.
 */
import type { Coupling } from '../../runtime/contract/projections.ts'
import type { Expression } from '../symbolic/expression.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

export interface CheckedFile {
  readonly attentions: readonly AttentionModel[]
}

export type Evaluation = 'exact' | 'factorised' | 'landmarks' | 'compressed' | 'bucketed'

export interface AttentionModel {
  readonly name: string
  readonly span: Span
  readonly evaluation: Evaluation
  /** Width of a query row and a key row. */
  readonly dim: number
  /** Width of a value row. */
  readonly valueDim: number
  /** q and k are each multiplied by √scale before anything else sees them. */
  readonly scale: number
  /** κ(q, k), scalar, in the vectors `q` and `k` of size dim. */
  readonly kernel?: Expression
  readonly feature?: FeatureModel
  readonly projections?: ProjectionsModel
  readonly landmarks?: LandmarksModel
  readonly compress?: CompressModel
  readonly buckets?: BucketsModel
  readonly mask: MaskModel
  /** γ of this head, scalar in (0, 1], in the variable `head`. Absent means 1. */
  readonly decay?: Expression
  readonly normalize: 'sum' | 'none'
  readonly epsilon: number
  readonly stabilize: StabilizeModel
}

/**
 * φ. Each block is an expression in `x` (vector of dim), `w` (vector of dim, if
 * projected), `position` and `length`. A projected block is a scalar and is
 * evaluated once per projection row; φ is then laid out block by block, each m
 * long, and carries the factor 1/√m (not part of these expressions). An
 * unprojected block is a scalar (one feature) or a vector (size features).
 */
export interface FeatureModel {
  readonly name: string
  readonly projected: boolean
  readonly query: readonly Expression[]
  readonly key: readonly Expression[]
  /** r, the length of φ(x): blocks × projections, or the blocks' sizes added. */
  readonly features: number
}

export interface ProjectionsModel {
  readonly count: number
  readonly coupling: Coupling
  readonly fixedNorm: boolean
  readonly seed: number
}

export interface LandmarksModel {
  readonly count: number
  readonly source: 'segment_means' | 'learned'
  /** Steps of the iterative pseudo-inverse. */
  readonly pinv: number
  /** Odd width of the depthwise convolution over the values, if any. */
  readonly conv?: number
}

/** The keys and the values pooled into so many rows each, by weights that come at run time. */
export interface CompressModel {
  readonly count: number
  readonly source: 'learned'
}

/**
 * Rows meet the rows that are sorted near them by a hash, in each of `rounds`
 * rounds: those of their chunk and of the chunk before it. A row is a query and,
 * divided by its norm, a key.
 */
export interface BucketsModel {
  /** Even: the hash is the largest of `count / 2` projections and their negatives. */
  readonly count: number
  readonly rounds: number
  /** Rows of a chunk of the sorted sequence. */
  readonly chunk: number
  readonly seed: number
}

/** A condition is boolean, in the scalars `i`, `j` and `length`. */
export type MaskModel =
  | { readonly kind: 'none' }
  | { readonly kind: 'causal' }
  | { readonly kind: 'condition'; readonly condition: Expression }

export type StabilizeModel =
  { readonly kind: 'auto' } | { readonly kind: 'none' } | { readonly kind: 'max'; readonly epsilon: number }
