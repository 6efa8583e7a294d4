/**
 * Operands of passes and equations: rows of heads, terms, features, tiles.
 * Shapes are those of a call: B, H, KVH, L, S as in `runtime/contract/shape.ts`.
 */
import type { Size } from '../../runtime/contract/size.ts'
import type { Expression } from '../symbolic/expression.ts'

/** The fields of every pass. */
export interface PassBase {
  /** Unique in the schedule; a WGSL identifier. */
  readonly name: string
  /** Where the pass is for projections of one kind alone: drawn from their law, or given by the caller. */
  readonly when?: 'drawn' | 'given'
  /** Linear count of workgroups. */
  readonly workgroups: Size
  /** In binding order. */
  readonly buffers: readonly string[]
}

/** A matrix for each head, its rows side by side in a buffer. */
export interface Rows {
  readonly buffer: string
  readonly of: RowsOf
  /**
   * How many rows a head has: as the call says of queries (length) or of keys (keyLength), as its batch item's length
   * leaves of keys (visible) or of queries (counted), as the cache then holds, as query heads share a key/value head, or
   * always as many.
   */
  readonly count: 'length' | 'keyLength' | 'visible' | 'counted' | 'cached' | 'heads' | number
}

/** Query heads of one key/value head. */
export const headsOfGroup: Size = ['ceildiv', 'heads', 'kvHeads']

/** How many rows a head has room for. */
export function roomFor(count: Rows['count']): Size {
  if (count === 'heads') return headsOfGroup
  if (count === 'visible') return 'keyLength'
  if (count === 'counted') return 'length'
  return count === 'cached' ? ['+', 'offset', 'length'] : count
}

/** Whose rows lie side by side in a buffer. */
export type RowsOf =
  /** Each query head of the call: [B, H, …]. */
  | 'queryHead'
  /** Each key/value head of the call: [B, KVH, …]. */
  | 'keyHead'
  /** Each key/value head, whose query heads are the rows of one token: [B, KVH, H / KVH, …]. */
  | 'tokenHead'
  /** The same of the slice's groups. */
  | 'sliceTokenHead'
  /** Each key/value head, in a cache with room for more rows: [B, KVH, capacity, …]. */
  | 'cachedHead'
  /** Each query head of the slice's groups. */
  | 'sliceQueryHead'
  /** Each key/value head of the slice's groups. */
  | 'sliceKeyHead'
  /** Each query head, the same for all batch items: [H, …]. */
  | 'head'

/** The heads that a pass does its work for, each once; see `RowsOf`. */
export type Over = 'sliceQueryHead' | 'sliceKeyHead' | 'head'

/** The heads of a group, which owns a state: a key/value head, or a query head where rows act on the state. */
export type Groups = 'kvHeads' | 'heads'

/** Restricts a pass to batch items in which the smaller count, of query rows or of keys, is at most (above) `rows`. */
export interface Only {
  readonly fewer: 'atMost' | 'moreThan'
  readonly rows: number
}

/** Added to row i of the quotients: Σ_t filter[t] · values[i + t − (width − 1) / 2], zeros beyond both ends. */
export interface Epilogue {
  /** [H, width] */
  readonly filter: string
  /** Odd. */
  readonly width: number
  readonly values: Rows
}

/**
 * How a workgroup is laid over a tile of `rows` × `columns` results (`steps` ×
 * `columns` where components of φ are what a result has one of): some threads
 * along the columns, the others down the rows, each holding its rows in fours
 * (the lanes of vec4 registers).
 */
export interface Tile {
  readonly threads: number
  /** Threads along the columns; 8 where absent. */
  readonly across?: number
  readonly rows: number
  /** Keys, or feature components, taken at a time. */
  readonly steps: number
  /** Value columns of one workgroup. */
  readonly columns: number
  /** Entries of rows that are in workgroup memory at a time, where a product goes through them. */
  readonly depth?: number
}

/** What rows do to the state of their head, as `algebra/action.ts` says. */
export type ActionOperand =
  | { readonly kind: 'identity' }
  /** A row multiplies it by γ: `logarithms` names the buffer of log₂ γ of each query head. */
  | { readonly kind: 'powers'; readonly logarithms: string }

/** φ of one side: its blocks in the order of their components. */
export interface Features {
  readonly side: 'query' | 'key'
  readonly blocks: readonly ScheduledBlock[]
}

/** `size` components of φ that share one expression; see `algebra/attention.ts`. */
export interface ScheduledBlock {
  /** Index of the first component in φ. */
  readonly start: number
  readonly size: number
  /**
   * Component c sees row c of the projections as `w`; else it sees its index as `component`, and where rows
   * are projected beforehand `projected[component]`.
   */
  readonly projected: boolean
  readonly term: Term
}

/**
 * An expression as it is computed. Rows carry √scale inside the expressions,
 * and scaled exponents are in base 2 with every positive constant factor
 * folded in, so that a term is `coefficient · 2^exponent`, coefficient absent
 * where it is 1.
 */
export type Term =
  | { readonly kind: 'plain'; readonly value: Expression }
  | { readonly kind: 'scaled'; readonly exponent: Expression; readonly coefficient?: Expression }

/** How sums over exponentials are kept from overflow and underflow. */
export type Scaling =
  /** As written: nothing has an exponent, or the file wants no stabilisation or the papers' maxima. */
  | 'plain'
  /** Running base-2 log-scales beside the sums. */
  | 'scaled'
