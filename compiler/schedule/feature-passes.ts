/**
 * Passes over features: sums over chunks of keys, the readings of queries,
 * and one step of decoding.
 */
import type { Division } from '../algebra/attention.ts'
import type { ActionOperand, Features, PassBase, Scaling, Tile } from './operands.ts'

/** The fields of every pass over a state: how its sums are held, and what rows do to them. */
interface StatePass extends PassBase {
  readonly scaling: Scaling
  readonly action: ActionOperand
}

/** Writes the state of each chunk of key rows: S = Σ φ(k) vᵀ and z = Σ φ(k), with log-scales where sums are scaled. */
export interface ReducePass extends StatePass {
  readonly kind: 'reduce'
  readonly tile: Tile
  readonly features: Features
}

/** Combines the states of chunks in place, in the buffer `state`. */
export interface ScanPass extends StatePass {
  readonly kind: 'scan'
  /** Exclusive prefixes (each chunk gets the state before it), or the total in chunk 0. */
  readonly result: 'prefixes' | 'total'
  /** The buffer that the state after the last row is left in: that of decoding, or one for *carry* to make it of. */
  readonly carries?: 'carried' | 'total'
  /** The buffer of the state before the first row; without it there was none. */
  readonly begins?: 'before'
  readonly tile: Tile
}

/** Writes `out`: φ(q)·S over φ(q)·z, with the pairs inside a chunk where the attention is causal. */
export interface FinishPass extends StatePass {
  readonly kind: 'finish'
  readonly tile: Tile
  readonly query: Features
  readonly key: Features
  readonly causal: boolean
  readonly division: Division
  /** φ with its exponents apart, for rows whose plain sums may have lost digits; see `mending.ts`. */
  readonly mended?: { readonly query: Features; readonly key: Features }
}

/**
 * Rows of a group in order, by one thread that has the state at hand. Where the attention is causal: φ(q)·S of the
 * chunks before, the pairs inside the chunk, the division; then the chunk's keys enter the state. Else all keys enter
 * it first.
 */
export interface WalkPass extends StatePass {
  readonly kind: 'walk'
  readonly threads: 1
  /** Rows of a chunk. */
  readonly rows: number
  readonly causal: boolean
  readonly query: Features
  readonly key: Features
  /** Whether the state after the last row is left in the buffer `carried`. */
  readonly carries: boolean
  /** Whether a state comes before the first row, wherever that is not at the beginning of its sequence. */
  readonly begins?: true
  readonly division: Division
  /** φ with its exponents apart, for rows whose plain sums may have lost digits; see `mending.ts`. */
  readonly mended?: { readonly query: Features; readonly key: Features }
  /** It leaves cotangents of φ in place of results, of this side; see `RetracePass`. */
  readonly cotangents?: 'queries' | 'keys'
}

/**
 * A walk for gradients, with the same state, that leaves cotangents of φ over its exponentials. That of `queries` reads
 * the state of keys and values by the cotangents of rows, and leaves these over each row's denominator and scale. That
 * of `keys` goes from the last row to the first: queries enter the state with their cotangents, keys and values read
 * it, and what it weighs cotangents by is the gradient of the values.
 */
export type RetracePass = WalkPass & Required<Pick<WalkPass, 'cotangents'>>

/** One more token: its key and value into the carried state, then its query out of it. */
export interface StepPass extends StatePass {
  readonly kind: 'step'
  readonly tile: Tile
  readonly query: Features
  readonly key: Features
  readonly division: Division
}
