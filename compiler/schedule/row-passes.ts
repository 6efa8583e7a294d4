/**
 * Passes over rows, whatever rows they are: those of the call, learned ones, or
 * those that an earlier pass left in scratch.
 */
import type { Division, Mask } from '../algebra/attention.ts'
import type { Expression } from '../symbolic/expression.ts'
import type { Epilogue, Only, Over, PassBase, Rows, Term, Tile } from './operands.ts'

/** out = Σ_j κ(query, key_j) value_j / Σ_j κ(query, key_j), over the keys that a query sees. */
export interface OnlinePass extends PassBase {
  readonly kind: 'online'
  /** Entries of a query row and of a key row. */
  readonly dim: number
  readonly tile: Tile
  readonly kernel: Term
  readonly mask: Mask
  readonly division: Division
  readonly over: Over
  readonly only?: Only
  readonly queries: Rows
  readonly keys: Rows
  /** With the rows of the identity as values, the result is the matrix of weights. */
  readonly values: Rows | 'identity'
  /** Entries of a value row. */
  readonly valueDim: number
  /**
   * The quotients, or their numerators and denominators over each chunk of the
   * keys, for a pass that merges them: so few queries leave most of a device
   * idle when each goes through all keys.
   */
  readonly out: Rows | { readonly parts: Rows }
  readonly epilogue?: Epilogue
  /** Added to denominators; not to those of parts, which are no whole rows. */
  readonly beside?: Beside
  /** Weights that κ reads by an index of the pair. */
  readonly tables: readonly Table[]
}

/** What a row's denominator has beside the weights of its keys. */
export interface Beside {
  /** Its natural logarithm, in `head`, `heads` and these weights. */
  readonly exponent: Expression
  readonly vectors: readonly Table[]
  readonly numbers: readonly Table[]
}

/** A vector that κ sees by its name: `size` numbers of each query head, of each key/value head, or one for all. */
export interface Table {
  readonly name: string
  readonly buffer: string
  readonly heads: 'heads' | 'kvHeads' | 1
  readonly size: number
}

/**
 * out = factor · left · right, or factor · left · (diagonal·I − right). Where the
 * right matrix has rows by the call, the left are weights whose rows may be longer.
 */
export interface ProductPass extends PassBase {
  readonly kind: 'product'
  readonly tile: Tile
  readonly over: Over
  readonly only?: Only
  readonly left: Rows & { readonly count: number }
  readonly right: Rows
  readonly out: Rows
  /** Entries of a row of the result. */
  readonly columns: number
  readonly diagonal?: number
  readonly factor: number
}

/** Neighbouring entries of rows that lie `pitch` numbers apart. */
export interface Entries extends Rows {
  readonly pitch: number
  readonly first: number
  readonly width: number
}

/**
 * S ← D∘S + Σ x (y + c ∘ aᵀS)ᵀ by each key row in order, and out = qᵀS after it, for some columns of S: these never mix.
 * Numbers in place of entries are the same for all rows.
 */
export interface RecurPass extends PassBase {
  readonly kind: 'recur'
  readonly threads: number
  /** Columns of S of a workgroup, in fours. */
  readonly columns: number
  /** Rows of S. */
  readonly features: number
  readonly queries: Entries
  readonly scale: Entries | number
  readonly terms: readonly {
    readonly x: Entries
    readonly writes: readonly Entries[]
    readonly reads: readonly { readonly a: Entries; readonly by: Entries | number }[]
  }[]
  readonly out: Rows
  /**
   * Where rows are taken in chunks, two passes do it: one for what pairs of rows in a chunk are to each other, of all
   * chunks at once, and one through the chunks. The first leaves its numbers in `chunkRows`; see `recur-chunks.ts`.
   */
  readonly of?: 'pairs' | 'chunks'
  /** Whether S is taken from `carried`, wherever rows are not the first of their sequence, and left there. */
  readonly carries: boolean
}
