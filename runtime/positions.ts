/** Where the batch items of a state go on: an item has as many tokens behind it as its prompt had. */

/** Before any row. */
export const atTheBeginning = ({ batch }: { readonly batch: number }): number[] =>
  new Array<number>(batch).fill(0)

/** After a prompt of `length` rows, of which so many count. */
export const positionsAfter = (
  { batch, length }: { readonly batch: number; readonly length: number },
  lengths: ArrayLike<number> | undefined,
): number[] => Array.from({ length: batch }, (_, item) => Math.min(length, lengths?.[item] ?? length))

/** Of what was saved, which once had one position for all. */
export const savedPositions = ({
  batch,
  position,
  positions,
}: {
  readonly batch: number
  readonly position: number
  readonly positions?: readonly number[] | undefined
}): number[] => Array.from({ length: batch }, (_, item) => positions?.[item] ?? position)
