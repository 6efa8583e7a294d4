import type { Stream } from './counter.ts'
import { haarRows, norm, scale } from './haar.ts'
import { type HadamardFactors, hadamardRow, paddedSize, signDiagonals } from './hadamard.ts'
import { fillNormal } from './normal.ts'
import { simplexOf } from './simplex.ts'

/** How the rows of one block depend on each other; each row alone is N(0, I) in all of them. */
export type Coupling = 'iid' | 'orthogonal' | 'hadamard' | 'simplex'

/** Which random projection matrix: the `projections:` setting of an attention, and its `dim`. */
export interface ProjectionOptions {
  /** Number of projections m ≥ 1. */
  readonly rows: number
  /** Width of a row, d ≥ 1. */
  readonly dim: number
  readonly coupling: Coupling
  /** Every row has length √dim, in place of a random one. */
  readonly fixedNorm: boolean
  /** Integer from 0 to 2^53 − 1. */
  readonly seed: number
}

const USES = ['directions', 'lengths', 'signs'] as const
const COUPLINGS = ['iid', 'orthogonal', 'hadamard', 'simplex'] as const

/** Each coupling, use and block reads numbers of its own. */
function streamOf({ coupling, seed }: ProjectionOptions, use: (typeof USES)[number], block: number): Stream {
  return { seed, use: COUPLINGS.indexOf(coupling) * USES.length + USES.indexOf(use), block }
}

/**
 * Below this size three rounds of sign flips leave too few distinct rows to stand for normal ones: the mean of
 * exp(ω·z) at ‖z‖ = 2 would be 33% off at size 2, 23% at 4 and 4% at 8, against 1% at 16. There is also nothing
 * to save by a fast transform, so the rows of such a block are drawn Haar instead.
 */
const SMALLEST_HADAMARD = 16

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
export function drawProjection(options: ProjectionOptions): Float32Array<ArrayBuffer> {
  check(options)
  const { rows, dim } = options
  const height = blockHeight(options)
  const projection = new Float32Array(rows * dim)
  for (let block = 0; block * height < rows; block++) {
    const start = block * height
    projection.set(drawBlock(options, block, Math.min(height, rows - start)), start * dim)
  }
  return projection
}

/**
 * The factors of a `hadamard` projection, for projecting by fast transforms what `drawProjection` of the same
 * options projects densely; undefined where dim padded to a power of two is below 16, since no transform is
 * used there, and for the other couplings.
 *
 * @throws what `drawProjection` throws
 */
export function hadamardFactors(options: ProjectionOptions): HadamardFactors | undefined {
  check(options)
  if (!usesTransform(options)) return undefined
  const { rows } = options
  const padded = blockHeight(options)
  const signs = new Int8Array(Math.ceil(rows / padded) * 3 * padded)
  const lengths = new Float64Array(rows)
  for (let block = 0; block * padded < rows; block++) {
    const start = block * padded
    const factors = hadamardBlock(options, block, Math.min(padded, rows - start))
    signs.set(factors.signs, block * 3 * padded)
    lengths.set(factors.lengths, start)
  }
  return { padded, signs, lengths }
}

function usesTransform({ coupling, dim }: ProjectionOptions): boolean {
  return coupling === 'hadamard' && paddedSize(dim) >= SMALLEST_HADAMARD
}

/** Rows of a whole block. Independent rows could come in blocks of any height; dim keeps the streams short. */
function blockHeight(options: ProjectionOptions): number {
  return usesTransform(options) ? paddedSize(options.dim) : options.dim
}

/** One block's rows with their lengths, [rows × dim]. */
function drawBlock(options: ProjectionOptions, block: number, rows: number): Float64Array {
  const { dim, coupling, fixedNorm } = options
  if (usesTransform(options)) {
    const { directions, lengths } = hadamardBlock(options, block, rows)
    return scaleRows(directions, dim, lengths)
  }
  const stream = streamOf(options, 'directions', block)
  if (coupling === 'iid') {
    const entries = fillNormal(new Float64Array(rows * dim), stream)
    return fixedNorm ? scaleRows(entries, dim, fixingLengths(entries, dim)) : entries
  }
  // Every corner of a simplex needs the whole rotation; orthogonal rows need only those before them.
  const directions = haarRows(coupling === 'simplex' ? dim : rows, dim, stream)
  if (coupling === 'simplex') simplexOf(directions, dim)
  const kept = directions.subarray(0, rows * dim)
  return scaleRows(
    kept,
    dim,
    fixedNorm ? fixingLengths(kept, dim) : randomLengths(rows, dim, streamOf(options, 'lengths', block)),
  )
}

interface HadamardBlock {
  readonly directions: Float64Array
  readonly signs: Int8Array
  readonly lengths: Float64Array
}

function hadamardBlock(options: ProjectionOptions, block: number, rows: number): HadamardBlock {
  const { dim, fixedNorm } = options
  const padded = paddedSize(dim)
  for (let attempt = 0; ; attempt++) {
    const signs = signDiagonals(padded, streamOf(options, 'signs', block), attempt)
    // With lengths to be fixed, rows that a short block drops are looked at too: whether to try again must not
    // depend on how many are kept.
    const whole = new Float64Array((fixedNorm ? padded : rows) * dim)
    for (let row = 0; row * dim < whole.length; row++)
      whole.set(hadamardRow(row, dim, padded, signs), row * dim)
    const directions = whole.subarray(0, rows * dim)
    // Rows of unit length in `padded` coordinates: lengths χ(padded) leave N(0, I) in the `dim` that are kept.
    if (!fixedNorm)
      return { directions, signs, lengths: randomLengths(rows, padded, streamOf(options, 'lengths', block)) }
    // A row can vanish where it is cut, at worst (9 of 16 entries kept) in one block of 200; it has no direction to keep then.
    const lengths = fixingLengths(whole, dim)
    if (lengths.every(Number.isFinite)) return { directions, signs, lengths: lengths.subarray(0, rows) }
  }
}

/** Independent χ(degrees) numbers, the lengths of normal vectors of so many entries. */
function randomLengths(rows: number, degrees: number, stream: Stream): Float64Array {
  return lengthsOf(fillNormal(new Float64Array(rows * degrees), stream), degrees)
}

/** What each row is to be multiplied by for its length to be √dim. */
function fixingLengths(matrix: Float64Array, dim: number): Float64Array {
  return lengthsOf(matrix, dim).map((length) => Math.sqrt(dim) / length)
}

function lengthsOf(matrix: Float64Array, dim: number): Float64Array {
  return Float64Array.from({ length: matrix.length / dim }, (_, row) =>
    norm(matrix.subarray(row * dim, (row + 1) * dim)),
  )
}

function scaleRows(matrix: Float64Array, dim: number, factors: Float64Array): Float64Array {
  factors.forEach((factor, row) => scale(matrix.subarray(row * dim, (row + 1) * dim), factor))
  return matrix
}

function check({ rows, dim, coupling, seed }: ProjectionOptions): void {
  for (const [name, value] of [
    ['rows', rows],
    ['dim', dim],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`a projection's ${name} must be a positive integer, not ${String(value)}`)
  }
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`a projection's seed must be an integer from 0 to 2^53 - 1, not ${String(seed)}`)
  if (!COUPLINGS.includes(coupling))
    throw new TypeError(
      `a projection's coupling must be iid, orthogonal, hadamard or simplex, not ${JSON.stringify(coupling)}`,
    )
}
