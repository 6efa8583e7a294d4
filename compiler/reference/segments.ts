/** Consecutive rows that their mean stands for. */
import { Vector } from './vector.ts'

/** The means of `count` consecutive segments of the rows. */
export const segmentMeans = (rows: readonly Vector[], count: number): Vector[] =>
  segments(rows.length, count).map(({ start, size }) => mean(rows.slice(start, start + size)))

/**
 * Where `count` consecutive segments of so many rows lie. With s = ⌊rows/count⌋
 * the first (s+1)·count − rows segments have s rows and the others s+1.
 */
export function segments(rows: number, count: number): { readonly start: number; readonly size: number }[] {
  const short = Math.floor(rows / count)
  const shorter = (short + 1) * count - rows
  let end = 0
  return Array.from({ length: count }, (_, segment) => {
    const size = segment < shorter ? short : short + 1
    end += size
    return { start: end - size, size }
  })
}

function mean(rows: readonly Vector[]): Vector {
  const sums = new Float64Array(rows[0]?.size ?? 0)
  for (const row of rows) for (const [t, entry] of row.mantissa.entries()) sums[t] = (sums[t] ?? 0) + entry
  return Vector.ofNumbers(sums.map((sum) => sum / rows.length))
}
