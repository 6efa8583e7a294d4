/**
 * The iterative pseudo-inverse of `../inverse.ts`, Z ← ¼ Z(13I − AZ(15I − AZ(7I − AZ))),
 * in cells: the norms and the transpose that it starts from, then four products a step.
 */
import { product } from '../buffers.ts'
import type { Rounds, Rows, Size } from '../schedule.ts'
import type { CellPass, ProductCells } from './passes.ts'
import { cellPass } from './plan.ts'

type Square = Rows & { readonly count: number }

export function inverseCells(from: {
  readonly core: Square
  readonly over: 'head' | 'sliceQueryHead'
  readonly heads: Size
  readonly steps: number
}): {
  readonly passes: readonly CellPass[]
  readonly rounds: Rounds
  /** Square matrices beside A. */
  readonly scratch: readonly string[]
  readonly result: Square
} {
  const { core, over, heads, steps } = from
  const { count } = core
  const square = (buffer: string): Square => ({ ...core, buffer })
  const extent = [count, count, heads] as const

  const multiply = (
    name: string,
    left: string,
    right: string,
    out: string,
    how: Partial<Pick<ProductCells, 'diagonal' | 'factor'>> = {},
  ): CellPass =>
    cellPass({
      name,
      over,
      extent,
      buffers: [...new Set([left, right]), out],
      work: { kind: 'product', left: square(left), right: square(right), columns: count, factor: 1, ...how },
      what: 'a product of the iteration',
      flops: product(...extent, 2 * count),
    })

  return {
    passes: [
      cellPass({
        name: 'norms',
        over,
        extent: [heads, 1, 1],
        buffers: [core.buffer, 'norms'],
        work: { kind: 'norms', matrix: core },
        what: `1 / (‖${core.buffer}‖₁ ‖${core.buffer}‖∞)`,
        flops: product(heads, 2 * count * count),
      }),
      cellPass({
        name: 'start_inverse',
        over,
        extent,
        buffers: [core.buffer, 'norms', 'inverse'],
        work: { kind: 'transpose', matrix: core, factors: 'norms' },
        what: `${core.buffer}ᵀ over its norms`,
        flops: product(...extent),
      }),
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
