/**
 * Passes over rows, whatever rows they are: those of the call, learned ones, or
 * those that an earlier pass left in scratch.
 */
import type { Division, Mask } from '../algebra/attention.ts'
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
  /** Weights that κ reads by an index of the pair. */
  readonly tables: readonly Table[]
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
