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
import type { TensorPlan } from '../../runtime/contract/tensors.ts'
import type { WeightName } from '../../runtime/contract/weights.ts'
import { constant, dot, exp, row } from '../symbolic/build.ts'
import { matrix, scalar, vector } from '../symbolic/expression.ts'
import type { Expression, Type } from '../symbolic/expression.ts'
import { freeVariables, mapNodes } from '../symbolic/traverse.ts'
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
  /** Tensors with a value for each token, as declared. */
  readonly inputs?: readonly TensorPlan[]
  /** Declared tensors that are the same in all calls. */
  readonly weights?: readonly TensorPlan[]
  /** κ(q, k), scalar, in the vectors `q` and `k` of size dim. */
  readonly kernel?: Expression
  readonly feature?: FeatureModel
  readonly projections?: ProjectionsModel
  readonly landmarks?: LandmarksModel
  readonly compress?: CompressModel
  readonly buckets?: BucketsModel
  readonly mask: MaskModel
  /**
   * γ of a token, in [0, 1]: scalar, or a vector of features, and of dim beside a kernel; in `head`, `heads` and what
   * is declared. Absent means 1.
   */
  readonly decay?: Expression
  /**
   * The state after a token, as it is written: of type state, in `S` (the state before), `decay`, `k` and `v` (φ(k) and
   * the value row), `read(x)`, and what is declared. Absent: decay·S + k vᵀ.
   */
  readonly update?: UpdateModel
  /** q, k and v are convolved over their rows before anything sees them. */
  readonly shortConv?: ShortConvModel
  /** The row of the result, vector of valueDim, in `o`, `q`, `k`, `v` (φ of rows where features are) and what is declared. */
  readonly output?: Expression
  /** exp(sink) is added to the denominator; scalar, in `head`, `heads` and weights. */
  readonly sink?: Expression
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

/**
 * An update as it is written, of type state, and its normal form: S ← scale∘S + Σ x yᵀ + Σ x (by ∘ aᵀS)ᵀ, in
 * expressions that see no state. `scale` is a scalar or a vector of features, x and a are vectors of features, y is one
 * of valueDim, `by` that or a scalar. `decay` stands in them as a variable.
 */
export interface UpdateModel {
  readonly written: Expression
  readonly scale: Expression
  readonly writes: readonly { readonly x: Expression; readonly y: Expression }[]
  readonly reads: readonly { readonly x: Expression; readonly by: Expression; readonly a: Expression }[]
}

/** A causal depthwise convolution of so many rows, and a function of one number behind it. */
export interface ShortConvModel {
  readonly width: number
  readonly activation?: string
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

/** A condition is boolean, in the scalars `i`, `j`, `length`, `head`, `heads`, and what is declared, by its rows. */
export type MaskModel =
  | { readonly kind: 'none' }
  /** j ≤ i, or, from the end, j ≤ i + keys − queries. */
  | { readonly kind: 'causal'; readonly fromEnd?: true }
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

/** The type of one row of an input, or of one head's weight. */
export function typeOf({ shape: [n, p] }: TensorPlan): Type {
  if (n === undefined) return scalar
  return p === undefined ? vector(n) : matrix(n, p)
}

/** Every tensor that is declared, or that follows from what is: the filters of `short_conv`. */
export function declaredTensors({
  inputs = [],
  weights = [],
  shortConv,
  dim,
  valueDim,
}: AttentionModel): readonly TensorPlan[] {
  return [...inputs, ...weights, ...(shortConv ? filtersOf(shortConv, dim, valueDim) : [])]
}

/** The names of a filter's tensors. */
export const filterNames = (of: 'q' | 'k' | 'v'): { readonly weights: string; readonly bias: string } => ({
  weights: `short_conv_${of}`,
  bias: `short_conv_${of}_bias`,
})

/** [heads, width of a row, rows] for each of q, k and v, and a bias where the caller gives one. */
function filtersOf({ width }: ShortConvModel, dim: number, valueDim: number): readonly TensorPlan[] {
  const sides = [
    ['q', 'heads', dim],
    ['k', 'kvHeads', dim],
    ['v', 'valueHeads', valueDim],
  ] as const
  return sides.flatMap(([of, heads, size]) => {
    const shared = { role: 'weight', element: 'number', heads } as const
    return [
      { ...shared, name: filterNames(of).weights, shape: [size, width] },
      { ...shared, name: filterNames(of).bias, shape: [size], optional: true },
    ]
  })
}

/** Whether a decay is one number for each head, the same for all tokens and features, of the head's index alone. */
export const isOfHeads = (decay: Expression | undefined): decay is Expression =>
  decay?.type.kind === 'scalar' && [...freeVariables(decay)].every((name) => name === 'head')

/** γ of a token between the rows of a pair, where pairs have such factors. */
export const factorOfPairs = ({ evaluation, decay }: AttentionModel): Expression | undefined =>
  evaluation === 'exact' ? decay : undefined

/** Heads for which the compiler looks at a decay of the head; calls look at their own. */
export const headsInSight = 64

/** Whether it is defined token by token: by an update, or a decay that depends on more than the head. */
export const isRecurrent = ({ evaluation, update, decay }: AttentionModel): boolean =>
  evaluation === 'factorised' && (update !== undefined || (decay !== undefined && !isOfHeads(decay)))

/**
 * The normal form of the update that tokens make, written or not: φ(k) is the variable `k` in it, and no variable stands
 * for a decay.
 */
export function recurrenceOf({
  decay = constant(1),
  update,
  feature,
  valueDim,
}: AttentionModel): Omit<UpdateModel, 'written'> {
  if (update === undefined) {
    const write = { x: row('k', feature?.features ?? 0), y: row('v', valueDim) }
    return { scale: decay, writes: [write], reads: [] }
  }
  const own = (expression: Expression): Expression =>
    mapNodes(expression, (node) => (node.kind === 'variable' && node.name === 'decay' ? decay : undefined))
  return {
    scale: own(update.scale),
    writes: update.writes.map(({ x, y }) => ({ x: own(x), y: own(y) })),
    reads: update.reads.map(({ x, by, a }) => ({ x: own(x), by: own(by), a: own(a) })),
  }
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
