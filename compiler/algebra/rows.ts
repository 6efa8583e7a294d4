/**
 * Row operations: an attention as steps that make rows of rows.
 *
 * Every step takes matrices of each head, rows of the call or the results of
 * steps before it, and gives one. The last step gives the output; the rows of the
 * others are of a fixed number, but for those in front of rows that are mapped and these, which are as many as the call’s. Two operations hold others inside: `convolve` adds to
 * the result of an attention, and `either` chooses between two for each batch item.
 *
 * The record of an operation in `operations/` has its float64 meaning, its facts and its
 * text; a graph in `graphs/` has the operations of an attention.
 */
import type { TensorPlan } from '../../runtime/contract/tensors.ts'
import type { WeightName } from '../../runtime/contract/weights.ts'
import type { Expression } from '../symbolic/expression.ts'
import type { Action } from './action.ts'
import type { FactorisedScore, ScaledTerm } from './terms.ts'

/** One step of an attention. */
export type RowOperation =
  | Filtered
  | Mapped
  | Accumulated
  | Attend
  | Carry
  | Recur
  | Near
  | Means
  | Product
  | Inverse
  | Convolve
  | Either

/** Rows that an operation takes. */
export type RowOperand = CallRows | GivenRows | RowOperation

/** Rows of the call: q [L, dim], k [S, dim], v [S, valueDim] of each head. */
export interface CallRows {
  readonly kind: 'call'
  readonly of: 'q' | 'k' | 'v'
  readonly width: number
}

/** A tensor that the caller gives beside q, k and v: [count, width] of each query head, for all batch items. */
export interface GivenRows {
  readonly kind: 'given'
  readonly weight: WeightName
  readonly count: number
  /** `keyRows`: at least as many as the longest sequence has key rows. */
  readonly width: number | 'keyRows'
  /** Rows like q and k are multiplied by √scale, and weights are not. */
  readonly like: 'rows' | 'weights'
}

/** The names that a step has in schedules and kernels. */
interface Step {
  /** Of its passes. */
  readonly name: string
  /** Of its rows. */
  readonly result: string
}

/**
 * Rows of the call as a causal convolution over them leaves each entry: f(Σ_s w_s x_(t − taps + 1 + s) + b), with zeros
 * before the first row. Like rows of the call they come times √scale, of which f sees nothing.
 */
export interface Filtered extends Step, Pick<Mapped, 'along' | 'heads' | 'width'> {
  readonly kind: 'filter'
  readonly rows: CallRows
  /** Rows that each is made of. */
  readonly taps: number
  /** w, [width, taps] of each head that the rows have. */
  readonly weights: TensorPlan
  /** b, [width]; zeros where a call has none. */
  readonly bias: TensorPlan
  /** f, in `sum`. */
  readonly value: Expression
}

/**
 * A row for each row of the call, made of that row alone: entry by entry an expression in the row, in declared tensors,
 * and in its place. Whatever an attention wants of single rows is rows in front of it, and what becomes of a row of its
 * result is one behind it.
 */
export interface Mapped extends Step {
  readonly kind: 'map'
  /** The rows that it goes along: those of queries, or of keys. */
  readonly along: 'length' | 'keyLength'
  /** Whose they are. Rows of keys are those of query heads where an expression sees what these own. */
  readonly heads: 'heads' | 'kvHeads'
  /**
   * What expressions see as vectors, by name: rows of the call, which are multiplied by √scale, or mapped along the same
   * rows, or those of the result. To a query row behind the keys that count, rows of keys are zeros.
   */
  readonly rows: Readonly<Record<string, CallRows | Filtered | Mapped | Accumulated | Attend | Recur>>
  /** The declared tensors that they see by name, each the value of the row, or of the head. */
  readonly data: readonly TensorPlan[]
  /** In order; entries behind them are 0. */
  readonly parts: readonly MappedPart[]
  /** Entries of a row. */
  readonly width: number
}

/**
 * Sums of mapped rows from the first one to each, itself included. Every entry gives two: the nearest whole number, and
 * behind all of these what is left, so that a difference of rows far from the first keeps its digits.
 */
export interface Accumulated extends Step, Pick<Mapped, 'along' | 'heads' | 'width'> {
  readonly kind: 'accumulate'
  readonly rows: Mapped
}

/**
 * Entries of a mapped row from `start` on that share an expression, in component form: it sees rows, data, `component`
 * (the entry's place among these), `position`, `length` (key rows that count), `head` and `heads`.
 */
export interface MappedPart {
  readonly start: number
  readonly size: number
  readonly value: Expression
}

/** Σ_j M_ij κ(q_i, k_j) v_j over Σ_j M_ij κ(q_i, k_j) + exp(beside) + ε. */
export interface Attend extends Step {
  readonly kind: 'attend'
  readonly kernel: ScaledTerm
  /**
   * The logarithm of κ of every query and a key that no call has, whose value is 0: a weight in the denominator alone.
   * In component form, in `head`, `heads` and declared weights.
   */
  readonly beside?: Expression
  readonly queries: RowOperand
  readonly keys: RowOperand
  /** Absent: the result is the matrix of weights, a column a key. */
  readonly values?: RowOperand
}

/** Sums over keys carried as one state, Σ_j φ(k_j) v_jᵀ and Σ_j φ(k_j), on which rows act, and read by φ(q). */
export interface Carry extends Step {
  readonly kind: 'carry'
  readonly score: FactorisedScore
  readonly action: Action
}

/**
 * A state on which rows act one after another, S ← D∘S + Σ x (y + c ∘ aᵀS)ᵀ, and qᵀS after each of them. S is
 * [features, valueDim] and begins as 0; D scales its rows. Queries behind the last key read the last state.
 */
export interface Recur extends Step {
  readonly kind: 'recur'
  readonly features: number
  /** [L, features] */
  readonly queries: Entries
  /** D, [S, 1] or [S, features]; or the same number for all rows. */
  readonly scale: Entries | number
  readonly terms: readonly RecurTerm[]
}

/** Part of what a row adds to a state: the outer product of x, [S, features], and of what is written. */
export interface RecurTerm {
  readonly x: Entries
  /** y, [S, valueDim]. */
  readonly writes: readonly Entries[]
  readonly reads: readonly RecurRead[]
}

/** c ∘ aᵀS of the state before the row. */
export interface RecurRead {
  /** [S, features] */
  readonly a: Entries
  /** c, [S, 1] or [S, valueDim]; or the same number for all rows. */
  readonly by: Entries | number
}

/** Neighbouring entries of each row. */
export interface Entries {
  readonly rows: RowOperand
  readonly first: number
  readonly width: number
}

/**
 * κ of the pairs that a hash brings together (Kitaev et al., 2020), N_ij times where that happens in N_ij
 * rounds; a row's pair with itself weighs exp(−100000) instead. The key of a row is √scale times its unscaled
 * query row over that row's norm.
 */
export interface Near extends Step {
  readonly kind: 'near'
  readonly kernel: ScaledTerm
  /** Values that the hash may take. Even: half of them are directions, half their opposites. */
  readonly hashes: number
  readonly rounds: number
  /** Sorted rows of a chunk, which meets itself and the chunk before it. */
  readonly chunk: number
  readonly seed: number
}

/** The means of `count` consecutive segments of rows that count. */
export interface Means extends Step {
  readonly kind: 'means'
  readonly rows: CallRows
  readonly count: number
}

/** left · right. Where `right` has rows of the call, `left` is given, and its rows may be longer. */
export interface Product extends Step {
  readonly kind: 'product'
  readonly left: GivenRows | RowOperation
  readonly right: CallRows | RowOperation
}

/** The pseudo-inverse of a square matrix, by `iterations` of a third-order scheme (Razavi et al., 2014). */
export interface Inverse extends Step {
  readonly kind: 'inverse'
  readonly matrix: RowOperation
  readonly iterations: number
}

/** rows_i + Σ_t filter_t · values_(i + t − (width − 1)/2), zeros beyond both ends. */
export interface Convolve extends Step {
  readonly kind: 'convolve'
  readonly rows: Attend | Either
  readonly values: CallRows
  /** One row of odd width. */
  readonly filter: GivenRows & { readonly width: number }
}

/** `few` for batch items with at most `most` rows, of queries or of keys, and `many` for the others. */
export interface Either extends Step {
  readonly kind: 'either'
  readonly most: number
  readonly few: Attend
  readonly many: Attend
}

/** What the rows of a head are; undefined where the call says how many there are, or how wide. */
export interface RowsShape {
  readonly count: number | undefined
  readonly width: number | undefined
}
