/* oxlint-disable typescript/no-non-null-assertion -- loop bounds keep every index inside its array */
/**
 * Turns a rotation into the corners of a regular simplex, rotated by it: S·R in place, with S of Reid et al.,
 * "Simplex random features" (ICML 2023): for d = dim, row i < d is √(d/(d−1))·e_i − (√d + 1)/(d−1)^{3/2}·(1, …, 1, 0)
 * and row d is (d−1)^{−1/2}·(1, …, 1, 0). The rows have length 1, sum to 0, and any two have cosine −1/(d−1).
 * One row alone has no other to face: for dim 1 the rotation, ±1, is left as it is.
 *
 * @param rotation [dim × dim], row-major, orthonormal rows
 */
export function simplexOf(rotation: Float64Array, dim: number): void {
  if (dim === 1) return
  const others = dim - 1
  const stretch = Math.sqrt(dim / others)
  const shift = (Math.sqrt(dim) + 1) / (others * Math.sqrt(others))
  for (let column = 0; column < dim; column++) {
    let sum = 0
    for (let row = 0; row < others; row++) sum += rotation[row * dim + column]!
    for (let row = 0; row < others; row++) {
      const at = row * dim + column
      rotation[at] = stretch * rotation[at]! - shift * sum
    }
    rotation[others * dim + column] = sum / Math.sqrt(others)
  }
}
