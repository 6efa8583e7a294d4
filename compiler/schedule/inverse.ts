/**
 * The iterative pseudo-inverse of each head's small square matrix A:
 *
 *     Z₀ = Aᵀ / (‖A‖₁ ‖A‖∞),   Z ← ¼ Z(13I − AZ(15I − AZ(7I − AZ))),
 *
 * four products a step: AZ; with it on the left the two inner brackets; and
 * with Z on the left the next Z.
 */
import { product } from './buffers.ts'
import type { Only, Pass, ProductPass, Rounds, Rows, Size } from './schedule.ts'
import { rowsOfTile, valueTile } from './tiles.ts'

/** A workgroup for a whole matrix: as many threads as every device has. */
const threadsOfStart = 256

interface Inverse {
  readonly passes: readonly Pass[]
  readonly rounds: Rounds
  /** Square matrices beside A. */
  readonly scratch: readonly string[]
  /** Where A⁺ is. */
  readonly result: Rows & { readonly count: number }
}

export function inverseSteps(from: {
  readonly core: Rows & { readonly count: number }
  readonly steps: number
  readonly only?: Only
  /** What tells whether a batch item is among those. */
  readonly lengths: readonly string[]
}): Inverse {
  const { core, steps, only, lengths } = from
  const { count } = core
  const over = core.of === 'head' ? 'head' : 'sliceQueryHead'
  const heads: Size = over === 'head' ? 'heads' : product('sliceCount', ['ceildiv', 'heads', 'kvHeads'])
  const square = (buffer: string): Rows & { readonly count: number } => ({ ...core, buffer })
  const guarded = only === undefined ? {} : { only }
  const tile = valueTile(count, rowsOfTile)

  const multiply = (
    name: string,
    left: string,
    right: string,
    out: string,
    how: Partial<Pick<ProductPass, 'diagonal' | 'factor'>> = {},
  ): ProductPass => ({
    kind: 'product',
    name,
    tile,
    over,
    workgroups: product(heads, Math.ceil(count / tile.rows), Math.ceil(count / tile.columns)),
    buffers: [...new Set([left, right]), ...lengths, out],
    left: square(left),
    right: square(right),
    out: square(out),
    columns: count,
    factor: 1,
    ...how,
    ...guarded,
  })

  return {
    passes: [
      {
        kind: 'start',
        name: 'start_inverse',
        threads: threadsOfStart,
        over,
        workgroups: heads,
        buffers: [core.buffer, ...lengths, 'inverse'],
        matrix: core,
        out: square('inverse'),
        ...guarded,
      },
      multiply('apply_inverse', core.buffer, 'inverse', 'applied'),
      multiply('nest_seven', 'applied', 'applied', 'inner', { diagonal: 7 }),
      multiply('nest_fifteen', 'applied', 'inner', 'outer', { diagonal: 15 }),
      multiply('refine_inverse', 'inverse', 'outer', 'inner', { diagonal: 13, factor: 1 / 4 }),
    ],
    rounds: { first: 'apply_inverse', last: 'refine_inverse', times: steps, swap: ['inverse', 'inner'] },
    scratch: ['inverse', 'applied', 'inner', 'outer'],
    result: square('inverse'),
  }
}
