/* oxlint-disable typescript/no-non-null-assertion -- loop bounds keep every index inside its array */
import type { Stream } from './counter.ts'
import { fillNormal } from './normal.ts'

/**
 * Orthonormal rows, uniformly distributed (Haar): Gram–Schmidt of independent normal rows.
 *
 * Gram–Schmidt divides each row by its own positive length, so that the factorisation is the one whose
 * triangular factor has a positive diagonal, and the rows inherit the rotational symmetry of the normal
 * distribution. A Householder QR without a sign correction does not: its signs depend on the data (Mezzadri,
 * "How to generate random matrices from the classical compact groups", Notices of the AMS 54, 2007).
 *
 * Rows are made one after the other, so fewer rows are the first of more.
 *
 * @param rows at most `dim`
 * @returns [rows × dim], row-major, W·Wᵀ = I to about 1e-15
 */
export function haarRows(rows: number, dim: number, stream: Stream): Float64Array {
  const matrix = fillNormal(new Float64Array(rows * dim), stream)
  for (let row = 0; row < rows; row++) {
    const current = matrix.subarray(row * dim, (row + 1) * dim)
    // Once loses orthogonality where a row is almost in the span of those before it; twice is enough (Kahan).
    for (let pass = 0; pass < 2; pass++) {
      for (let other = 0; other < row; other++) {
        const earlier = matrix.subarray(other * dim, (other + 1) * dim)
        const component = dot(current, earlier)
        for (let i = 0; i < dim; i++) current[i] = current[i]! - component * earlier[i]!
      }
      scale(current, 1 / norm(current))
    }
  }
  return matrix
}

/** Euclidean length. Math.hypot is left to the engine's own accuracy, so it is not used. */
export function norm(row: Float64Array): number {
  return Math.sqrt(dot(row, row))
}

/** Multiplies a row by a number, in place. */
export function scale(row: Float64Array, factor: number): void {
  for (let i = 0; i < row.length; i++) row[i] = row[i]! * factor
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
