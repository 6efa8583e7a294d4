/** Rows that no transform is needed for: independent ones, and those made from Haar-distributed blocks. */
import type { ProjectionLaw } from '../contract/projections.ts'
import { fixingLengths, randomLengths, scaleRows, stacked, streamOf } from './blocks.ts'
import { haarRows } from './haar.ts'
import { fillNormal } from './normal.ts'
import { simplexOf } from './simplex.ts'
import type { UnsharedFloat32Array } from '../contract/unshared.ts'

/**
 * What `drawProjection` draws, of options that are known to be right. Independent rows could come in blocks of any
 * height; dim keeps the streams short.
 */
export const draw = (options: ProjectionLaw): UnsharedFloat32Array =>
  stacked(options, options.dim, (block, rows) => drawBlock(options, block, rows))

/** One block's rows with their lengths, [rows × dim]. */
function drawBlock(options: ProjectionLaw, block: number, rows: number): Float64Array {
  const { dim, coupling, fixedNorm } = options
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
