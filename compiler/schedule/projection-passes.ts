/**
 * Rows through the projections before the passes that want them, u = W·x, for
 * features that see the projections in no other way. The buffer `projected`
 * holds the slice's groups one after the other: of each the rows of its query
 * heads, [heads of the group, L, m], then its key rows, [S, m].
 *
 * Two passes fill that buffer, and a call has one of them: projections that are
 * drawn as a product of signs and Walsh–Hadamard matrices are applied as such,
 * and a matrix that the caller gives instead is multiplied.
 */
import type { PassBase, Tile } from './operands.ts'

/** Projects rows by fast transforms, from the buffer `factors`; see `runtime/projection/hadamard.ts`. */
export interface TransformPass extends PassBase {
  readonly kind: 'transform'
  readonly when: 'drawn'
  readonly threads: number
  /** m */
  readonly count: number
  /** Numbers of a transform, a power of two: rows are padded with zeros. */
  readonly padded: number
}

/** Projects rows by a product with the matrix `w`. */
export interface ProjectPass extends PassBase {
  readonly kind: 'project'
  readonly when: 'given'
  readonly tile: Tile
  /** m */
  readonly count: number
}
