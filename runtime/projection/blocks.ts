/** What the laws of projections have in common: blocks of rows, each with random numbers of its own. */
import { couplings, type ProjectionLaw } from '../contract/projections.ts'
import type { Stream } from './counter.ts'
import { norm, scale } from './haar.ts'
import { fillNormal } from './normal.ts'

const USES = ['directions', 'lengths', 'signs'] as const

/** Each coupling, use and block reads numbers of its own. */
export function streamOf(
  { coupling, seed }: ProjectionLaw,
  use: (typeof USES)[number],
  block: number,
): Stream {
  return { seed, use: couplings.indexOf(coupling) * USES.length + USES.indexOf(use), block }
}

/** Rows [rows × dim] from blocks of so many rows, of which the last may be short; rounded to f32. */
export function stacked(
  { rows, dim }: ProjectionLaw,
  height: number,
  drawBlock: (block: number, rows: number) => Float64Array,
): Float32Array<ArrayBuffer> {
  const projection = new Float32Array(rows * dim)
  for (let block = 0; block * height < rows; block++) {
    const start = block * height
    projection.set(drawBlock(block, Math.min(height, rows - start)), start * dim)
  }
  return projection
}

/** Independent χ(degrees) numbers, the lengths of normal vectors of so many entries. */
export function randomLengths(rows: number, degrees: number, stream: Stream): Float64Array {
  return lengthsOf(fillNormal(new Float64Array(rows * degrees), stream), degrees)
}

/** What each row is to be multiplied by for its length to be √dim. */
export function fixingLengths(matrix: Float64Array, dim: number): Float64Array {
  return lengthsOf(matrix, dim).map((length) => Math.sqrt(dim) / length)
}

function lengthsOf(matrix: Float64Array, dim: number): Float64Array {
  return Float64Array.from({ length: matrix.length / dim }, (_, row) =>
    norm(matrix.subarray(row * dim, (row + 1) * dim)),
  )
}

export function scaleRows(matrix: Float64Array, dim: number, factors: Float64Array): Float64Array {
  factors.forEach((factor, row) => scale(matrix.subarray(row * dim, (row + 1) * dim), factor))
  return matrix
}
