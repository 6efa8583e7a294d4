/**
 * Passes over rows that a hash brings together. Each round has an order of a
 * query head's rows, by bucket and in a bucket by position; all of them are made
 * segment by segment, so that the work grows with the rows and not their square.
 */
import type { Mask } from '../algebra/attention.ts'
import type { PassBase, Term, Tile } from './operands.ts'

/** What the passes before the attention have in common. */
interface Sorting extends PassBase {
  /** Also the rows of a segment: a thread for each. */
  readonly threads: number
  /** Even. */
  readonly count: number
  readonly rounds: number
}

/** The bucket of every row, how many of a segment fall into each, and what makes a row a key: 1 over its norm. */
export interface HashPass extends Sorting {
  readonly kind: 'hash'
}

/** From counts to the place of the first row of each bucket and segment. */
export interface OffsetsPass extends Sorting {
  readonly kind: 'offsets'
}

/** Each row to its place in the order. */
export interface PlacePass extends Sorting {
  readonly kind: 'place'
}

/**
 * Numerators, denominators and scales of each round: a row meets the rows of its
 * chunk of the order, and of the chunk before it. A row and itself weigh 2^self.
 */
export interface NearPass extends PassBase {
  readonly kind: 'near'
  readonly tile: Tile
  /** In base 2, with an exponent. */
  readonly kernel: Extract<Term, { kind: 'scaled' }>
  readonly self: number
  readonly mask: Mask
  readonly rounds: number
  /** Rows. */
  readonly chunk: number
  readonly valueDim: number
}
