/** How many query rows of each batch item count: one rule for whoever runs or interprets a call. */

interface Counted<Lengths> {
  readonly length: number
  readonly keyLength: number
  readonly lengths?: Lengths | undefined
  readonly queryLengths?: Lengths | undefined
}

/** [B]; undefined where all of them do. With as many queries as keys, an item has as many of both. */
export const queryLengthsOf = <Lengths>({
  length,
  keyLength,
  lengths,
  queryLengths,
}: Counted<Lengths>): Lengths | undefined => queryLengths ?? (length === keyLength ? lengths : undefined)

/**
 * Of one batch item: one at least, since where no row counts they all have an output, and what a feature divides by
 * is no 0.
 */
export const queryRowsOf = (call: Counted<ArrayLike<number>>, item: number): number =>
  Math.max(1, queryLengthsOf(call)?.[item] ?? call.length)
