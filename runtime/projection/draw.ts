import { couplings, type ProjectionLaw } from '../contract/projections.ts'
import type { HadamardFactors } from './hadamard.ts'
import { draw, factorsOf } from './transforms.ts'
import type { UnsharedFloat32Array } from '../contract/unshared.ts'

/**
 * Draws the random projections ω of a feature map.
 *
 * - `iid`: every entry N(0, 1).
 * - `orthogonal`: blocks of `dim` Haar-distributed orthonormal rows (Choromanski et al., "Rethinking attention
 *   with Performers", ICLR 2021, with the signs of the factorisation fixed).
 * - `hadamard`: rows of H D₃ H D₂ H D₁ with random signs D, in blocks of `dim` padded to a power of two (Yu et
 *   al., "Orthogonal random features", NeurIPS 2016). Where it pads, the rows keep their first `dim` entries and
 *   are orthogonal only before that. Where the padded size is below 16 it draws as `orthogonal` does.
 * - `simplex`: blocks whose `dim` directions are the corners of a randomly rotated regular simplex (Reid et al.,
 *   "Simplex random features", ICML 2023).
 *
 * Each direction is multiplied by an independent χ(dim) length, so that each row alone is N(0, I) (for
 * `hadamard` nearly so), or by √dim with `fixedNorm`. A last block may be short. More rows extend fewer:
 * the first rows stay what they were.
 *
 * The same options give the same bits on every engine: the arithmetic is float64 in correctly rounded
 * operations only, and every block and use has its own stream of a counter-based generator.
 *
 * @returns [rows × dim], row-major, rounded to f32
 * @throws RangeError for a size that is no positive integer or a seed that is no integer from 0 to 2^53 − 1
 * @throws TypeError for an unknown coupling
 */
export function drawProjection(options: ProjectionLaw): UnsharedFloat32Array {
  check(options)
  return draw(options)
}

/**
 * The factors of a `hadamard` projection, for projecting by fast transforms what `drawProjection` of the same
 * options projects densely; undefined where dim padded to a power of two is below 16, since no transform is
 * used there, and for the other couplings.
 *
 * @throws what `drawProjection` throws
 */
export function hadamardFactors(options: ProjectionLaw): HadamardFactors | undefined {
  check(options)
  return factorsOf(options)
}

function check({ rows, dim, coupling, seed }: ProjectionLaw): void {
  for (const [name, value] of [
    ['rows', rows],
    ['dim', dim],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`a projection's ${name} must be a positive integer, not ${String(value)}`)
  }
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`a projection's seed must be an integer from 0 to 2^53 - 1, not ${String(seed)}`)
  if (!couplings.includes(coupling))
    throw new TypeError(
      `a projection's coupling must be iid, orthogonal, hadamard or simplex, not ${JSON.stringify(coupling)}`,
    )
}
