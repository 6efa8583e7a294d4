/**
 * The checked spec: the meaning of a file once every name is resolved, every type
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
import { independent, type ProjectionLaw } from '../../runtime/contract/projections.ts'
import type { WeightName } from '../../runtime/contract/weights.ts'
import { dot, exp, row } from '../symbolic/build.ts'
import type { Expression } from '../symbolic/expression.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

/** The attentions of a file, in its order. */
export interface CheckedFile {
  readonly attentions: readonly AttentionModel[]
}

/** How κ is evaluated: pair by pair, or in one of the ways that a setting asks for. */
export type Evaluation = 'exact' | 'factorised' | 'landmarks' | 'compressed' | 'bucketed'

/** One attention; defaults stand where the file says nothing. */
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

/** m and the law of the rows, whose width is `dim`. */
export interface ProjectionsModel extends Omit<ProjectionLaw, 'rows' | 'dim'> {
  readonly count: number
}

/** Attention through landmark rows: Nyström's approximation (Xiong et al., 2021). */
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

/** How exponentials are kept in range: by carried log-scales, not at all, or as the papers' code does it. */
export type StabilizeModel =
  { readonly kind: 'auto' } | { readonly kind: 'none' } | { readonly kind: 'max'; readonly offset: number }

/** A tensor that the caller gives, of the shape [H, …shape]. */
export interface WeightModel {
  readonly name: WeightName
  /** `keyRows`: at least as many as the longest sequence has key rows. */
  readonly shape: readonly (number | 'keyRows')[]
  /** Its entries are those of rows such as q and k, or they weigh the terms of a sum. */
  readonly like: 'rows' | 'weights'
  /** Papers have no such tensor: the one that stands in for it is enough. */
  readonly seldom?: true
}

/** What a caller gives beside q, k and v. */
export function weightsOf({ dim, landmarks, compress }: AttentionModel): readonly WeightModel[] {
  const rows = { shape: [landmarks?.count ?? 0, dim], like: 'rows' } as const
  const pooling = { shape: [compress?.count ?? 0, 'keyRows'], like: 'weights' } as const
  return [
    ...(landmarks?.source === 'learned'
      ? [{ name: 'landmarks', ...rows } as const, { name: 'queryLandmarks', ...rows, seldom: true } as const]
      : []),
    ...(landmarks?.conv === undefined
      ? []
      : [{ name: 'conv', shape: [landmarks.conv], like: 'weights' } as const]),
    ...(compress === undefined
      ? []
      : [{ name: 'compressKeys', ...pooling } as const, { name: 'compressValues', ...pooling } as const]),
  ]
}

/** The random rows of an attention: projections of features, or the rotations of all rounds of a hash. */
export function drawnLaw({ dim, projections, buckets }: AttentionModel): ProjectionLaw | undefined {
  if (buckets !== undefined) return independent((buckets.rounds * buckets.count) / 2, dim, buckets.seed)
  if (projections === undefined) return undefined
  const { count, ...law } = projections
  return { rows: count, dim, ...law }
}

/** Whether the rows of q serve as keys too, so that a call has as many keys as queries and k is not read. */
export const keysAreQueries = ({ buckets }: AttentionModel): boolean => buckets !== undefined

/** The most keys that a row may meet, where that does not grow with the sequence. */
export const keysInSight = ({ buckets }: AttentionModel): number | undefined => buckets && 2 * buckets.chunk

/**
 * The same attention with its kernel evaluated pair by pair; the estimates of other ways of evaluating are held
 * against it. A convolution is added all the same. Absent where no kernel is declared, because the features are then
 * the definition, and where the keys are made of the queries.
 *
 * @param rows of queries and keys that calls of it have at most
 */
export function exactTwin(model: AttentionModel, rows = Infinity): AttentionModel | undefined {
  if (model.kernel === undefined || keysAreQueries(model)) return undefined
  const { feature: _, projections: _p, landmarks, compress: _c, ...shared } = model
  const exact: AttentionModel = { ...shared, evaluation: 'exact', stabilize: { kind: 'auto' } }
  if (landmarks?.conv === undefined) return exact
  // With a landmark for every row there is nothing to estimate.
  return {
    ...exact,
    evaluation: 'landmarks',
    landmarks: { ...landmarks, source: 'segment_means', count: rows },
  }
}

/** Exact softmax attention of rows as wide as those of `model`, causal where they are, to compare costs with. */
export function softmaxLike({ name, span, dim, valueDim, mask }: AttentionModel): AttentionModel {
  return {
    name,
    span,
    evaluation: 'exact',
    dim,
    valueDim,
    kernel: exp(dot(row('q', dim), row('k', dim))),
    scale: 1 / Math.sqrt(dim),
    // All pairs count, because a condition saves those that it leaves out.
    mask: mask.kind === 'condition' ? { kind: 'none' } : mask,
    normalize: 'sum',
    epsilon: 0,
    stabilize: { kind: 'auto' },
  }
}
