/**
 * Which query rows are held against the reference. Its cost grows with query
 * rows × key rows × heads, so long inputs are checked at some of their rows.
 */
import { random } from '../../../runtime/projection/index.ts'

/** Pairs of a query and a key row that the reference may evaluate in a few seconds. */
const affordablePairs = 500_000

/**
 * Row indices, ascending: all of them where that is affordable, else a seeded
 * choice that always has the first and the last.
 */
export function rowsToCheck(
  shape: {
    readonly batch: number
    readonly heads: number
    readonly length: number
    readonly keyLength: number
  },
  seed: number,
): number[] {
  const { batch, heads, length, keyLength } = shape
  const count = Math.max(2, Math.floor(affordablePairs / (batch * heads * keyLength)))
  if (count >= length) return Array.from({ length }, (_, row) => row)
  const chosen = new Set([0, length - 1])
  for (let draw = 0; chosen.size < count; draw++) chosen.add(Math.floor(random(draw, length, seed) * length))
  return [...chosen].sort((left, right) => left - right)
}

/** Those rows of a [batch·heads, length, width] array. */
export function selectRows(
  values: ArrayLike<number>,
  rows: readonly number[],
  length: number,
  width: number,
): Float64Array {
  const groups = values.length / (length * width)
  const selected = new Float64Array(groups * rows.length * width)
  let target = 0
  for (let group = 0; group < groups; group++) {
    for (const row of rows) {
      const from = (group * length + row) * width
      for (let column = 0; column < width; column++) selected[target++] = values[from + column] ?? NaN
    }
  }
  return selected
}
