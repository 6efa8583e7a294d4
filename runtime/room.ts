/** How much room is made for the rows that a decoding attention keeps. */

const leastRoom = 64

/** The capacity for so many rows: a power of two. */
export function roomFor(rows: number): number {
  let capacity = leastRoom
  while (capacity < rows) capacity *= 2
  return capacity
}
