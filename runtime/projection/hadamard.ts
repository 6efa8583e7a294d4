/* oxlint-disable typescript/no-non-null-assertion -- loop bounds keep every index inside its array */
import { type Stream, wordsAt } from './counter.ts'

/**
 * A Hadamard-coupled projection as its factors. With H the Walsh–Hadamard matrix of size `padded` over √padded
 * (entry (i, j) is (−1)^popcount(i & j) / √padded), row r of the projection is
 *
 *     lengths[r] · (H D₃ H D₂ H D₁)[r mod padded, 0 … dim − 1]
 *
 * with the signs of block ⌊r / padded⌋, and the stored matrix is that, rounded to f32. A row vector is then
 * projected by three sign flips and three fast transforms instead of a dense product.
 */
export interface HadamardFactors {
  /** The power of two to which dim is padded; also the number of rows in a block. */
  readonly padded: number
  /** ±1, [blocks × 3 × padded]: the diagonals D₁, D₂, D₃ of each block. */
  readonly signs: Int8Array
  /** [rows] */
  readonly lengths: Float64Array
}

/** The factors as kernels read them: signs [blocks × 3 × padded], then lengths over padded^(3/2) [rows]. */
export function hadamardTable({ padded, signs, lengths }: HadamardFactors): Float32Array {
  const table = new Float32Array(signs.length + lengths.length)
  table.set(signs)
  // The transforms of kernels leave out the factor 1/√padded of each H.
  table.set(
    lengths.map((length) => length / (padded * Math.sqrt(padded))),
    signs.length,
  )
  return table
}

const BITS_PER_CALL = 128

/** The three diagonals of one block, [3 × padded], a random bit each; another attempt gives independent ones. */
export function signDiagonals(padded: number, stream: Stream, attempt: number): Int8Array {
  const signs = new Int8Array(3 * padded)
  const first = attempt * Math.ceil(signs.length / BITS_PER_CALL)
  for (let start = 0; start < signs.length; start += BITS_PER_CALL) {
    const words = wordsAt(stream, first + start / BITS_PER_CALL)
    const end = Math.min(start + BITS_PER_CALL, signs.length)
    for (let i = start; i < end; i++) {
      const word = words[((i - start) >>> 5) as 0 | 1 | 2 | 3]
      signs[i] = (word >>> (i & 31)) & 1 ? -1 : 1
    }
  }
  return signs
}

/**
 * The first `dim` entries of row `row` of H D₃ H D₂ H D₁, whose length is 1 where dim is not padded and less
 * where it is. Up to one last multiplication it is computed in whole numbers, so exactly.
 *
 * @param signs [3 × padded]
 */
export function hadamardRow(row: number, dim: number, padded: number, signs: Int8Array): Float64Array {
  // The row is (D₁ H D₂ H D₃ H e_row)ᵀ, since every factor is symmetric.
  const vector = new Float64Array(padded)
  vector[row] = 1
  for (let factor = 2; factor >= 0; factor--) {
    transform(vector)
    for (let i = 0; i < padded; i++) vector[i] = vector[i]! * signs[factor * padded + i]!
  }
  const size = 1 / (padded * Math.sqrt(padded))
  return vector.slice(0, dim).map((entry) => entry * size)
}

/** The fast Walsh–Hadamard transform in place, without the factor 1/√n. */
function transform(vector: Float64Array): void {
  for (let half = 1; half < vector.length; half *= 2) {
    for (let start = 0; start < vector.length; start += 2 * half) {
      for (let i = start; i < start + half; i++) {
        const a = vector[i]!
        const b = vector[i + half]!
        vector[i] = a + b
        vector[i + half] = a - b
      }
    }
  }
}
