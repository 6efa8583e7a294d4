/** `hadamard` projections, whole and as the factors of fast transforms. */
import { drawnAs, paddedSize, type ProjectionLaw } from '../contract/projections.ts'
import { fixingLengths, randomLengths, scaleRows, stacked, streamOf } from './blocks.ts'
import { type HadamardFactors, hadamardRow, signDiagonals } from './hadamard.ts'
import { draw as drawRows } from './rows.ts'
import type { UnsharedFloat32Array } from '../contract/unshared.ts'

/** What `drawProjection` draws, of options that are known to be right. */
export function draw(options: ProjectionLaw): UnsharedFloat32Array {
  if (drawnAs(options) !== 'hadamard') return drawRows(options)
  return stacked(options, paddedSize(options.dim), (block, rows) => {
    const { directions, lengths } = hadamardBlock(options, block, rows)
    return scaleRows(directions, options.dim, lengths)
  })
}

/** What `hadamardFactors` finds, of options that are known to be right. */
export function factorsOf(options: ProjectionLaw): HadamardFactors | undefined {
  if (drawnAs(options) !== 'hadamard') return undefined
  const { rows } = options
  const padded = paddedSize(options.dim)
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

interface HadamardBlock {
  readonly directions: Float64Array
  readonly signs: Int8Array
  readonly lengths: Float64Array
}

function hadamardBlock(options: ProjectionLaw, block: number, rows: number): HadamardBlock {
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
