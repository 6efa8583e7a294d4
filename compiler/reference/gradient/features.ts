/** φ on a tape: the feature rows of the queries, or of the keys. */
import { invariant } from '../../diagnostics/invariant.ts'
import { extended, multiply } from '../../symbolic/extended.ts'
import type { Extended } from '../../symbolic/extended.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import type { Value } from '../evaluate.ts'
import { blocksOf, entriesOf } from '../features.ts'
import type { Side } from '../features.ts'
import { MAXIMUM } from '../stabilize.ts'
import { Vector } from '../vector.ts'
import { Derivative } from './expression.ts'
import type { Tape, Traced } from './tape.ts'

/** A piece of a feature row: a block, at one row of the projection if it sees that. */
interface Piece {
  readonly block: Derivative
  readonly projected: number | undefined
  /** Of the piece in the row of features. */
  readonly start: number
  /** Entries of a block that is a row; absent for one that is a number. */
  readonly size: number | undefined
}

/**
 * φ(x) of every row, each laid out block by block. `x` is already multiplied by √scale, and `length` says how many
 * of its rows count. With `stabilize: max` the maxima are constants, as in the published code.
 */
export function featureValues(
  tape: Tape,
  model: AttentionModel,
  side: Side,
  { x, projection, length }: { readonly x: Traced; readonly projection: Traced; readonly length: number },
): Traced {
  const { feature } = model
  invariant(feature !== undefined, 'only a factorised attention has features')
  const { blocks, maximum } = blocksOf(model, side, x.rows, length, projection.rows)
  const factor = extended(feature.projected ? 1 / Math.sqrt(projection.rows.length) : 1)
  const derivatives = blocks.map((block) => new Derivative(block, projection.cotangent ? ['x', 'w'] : ['x']))
  const pieces: Piece[] = []
  let features = 0
  for (const [n, block] of derivatives.entries())
    for (const projected of feature.projected ? projection.rows.keys() : [undefined]) {
      const type = blocks[n]?.type
      const size = type?.kind === 'vector' ? type.size : undefined
      pieces.push({ block, projected, start: features, size })
      features += size ?? 1
    }
  const at = ({ block, projected }: Piece, row: number): Derivative => {
    block.set('x', x.at(row)).set('position', row).set('length', length)
    if (projected !== undefined) block.set('w', projection.at(projected))
    if (maximum !== undefined) block.set(MAXIMUM, maximum(row))
    return block
  }
  const rows = x.rows.map((_, row) => {
    const entries = pieces.flatMap((piece) => entriesOf(at(piece, row).value()))
    return Vector.from(features, (entry) => multiply(entries[entry] ?? factor, factor))
  })
  return tape.record(rows, features, [x, projection], (cotangent) => {
    for (const row of rows.keys()) {
      const g = cotangent(row)
      for (const piece of pieces) {
        const own = partOf(g, piece, factor)
        if (own === undefined) continue
        const of = at(piece, row).pull(own)
        const [byX, byW] = [of('x'), of('w')]
        if (byX instanceof Vector) x.cotangent?.addRow(row, byX)
        if (byW instanceof Vector) projection.cotangent?.addRow(piece.projected ?? 0, byW)
      }
    }
  })
}

/** The entries of a cotangent that belong to a piece, times `factor`; absent where they are zeros. */
function partOf(cotangent: Vector, { start, size }: Piece, factor: Extended): Value | undefined {
  const entry = (index: number): Extended => multiply(cotangent.at(start + index), factor)
  if (size === undefined) {
    const only = entry(0)
    return only.mantissa === 0 ? undefined : only
  }
  const part = Vector.from(size, entry)
  return part.mantissa.every((mantissa) => mantissa === 0) ? undefined : part
}
