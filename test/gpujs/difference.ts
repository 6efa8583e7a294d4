/** The largest difference of two arrays; NaN where there is one, infinite where they are not as long. */
export function difference(found: Float32Array, expected: Float64Array): number {
  if (found.length !== expected.length) return Infinity
  let largest = 0
  for (const [index, value] of expected.entries()) {
    const off = Math.abs((found[index] ?? Number.NaN) - value)
    if (!(off <= largest)) largest = off
  }
  return largest
}
