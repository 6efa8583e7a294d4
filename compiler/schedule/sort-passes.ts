/**
 * Passes over rows that a hash brings together. Each round has an order of a
 * query head's rows, by bucket and in a bucket by position; all of them are made
 * segment by segment, so that the work grows with the rows and not their square.
 */
import type { Mask } from '../algebra/attention.ts'
import type { PassBase, Term, Tile } from './operands.ts'

/** The fields of the passes that sort rows, before the attention. */
interface Sorting extends PassBase {
  /** Threads of a workgroup, and rows of a segment: one row a thread. */
  readonly threads: number
  /** Buckets of a round; even, because a projection has a bucket for either sign. */
  readonly count: number
  readonly rounds: number
  /** The result, for the reader. */
  readonly what: string
}

/**
 * Writes the bucket of every row, how many rows of each segment fall into each bucket, and 1 over the norm of every
 * row, because keys are query rows of norm 1.
 */
export interface HashPass extends Sorting {
  readonly kind: 'hash'
}

/**
 * The order of rows. Of `offsets`: turns counts into the place in the order of the first row of each bucket and segment.
 * Of `rows`: writes the number of each row to its place.
 */
export interface OrderPass extends Sorting {
  readonly kind: 'order'
  readonly of: 'offsets' | 'rows'
}

/**
 * Numerators, denominators and scales of each round: a row meets the rows of its
 * chunk of the order, and of the chunk before it. A row and itself weigh 2^self.
 */
export interface NearPass extends PassBase {
  readonly kind: 'near'
  readonly tile: Tile
  /** κ, with its exponent in base 2. */
  readonly kernel: Extract<Term, { kind: 'scaled' }>
  readonly self: number
  readonly mask: Mask
  readonly rounds: number
  /** Rows of a chunk of the order. */
  readonly chunk: number
  readonly valueDim: number
}
