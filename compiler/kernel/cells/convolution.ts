/** A depthwise convolution down the value rows, for the cell of a column and a row. */
import type { CellConvolution } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { cell } from '../cell.ts'
import type { Value } from '../kernel.ts'
import { countOf, firstOf } from './frame.ts'
import type { CellFrame, Head } from './frame.ts'

export function convolved(
  frame: CellFrame,
  head: Head,
  { filter, width, values }: CellConvolution,
): { readonly statements: Body; readonly value: Value } {
  const half = (width - 1) / 2
  const sum = ir.var_('convolved', ir.f32(0))
  const loop = ir.for_('t', 0, width, 1, (t) => {
    // Counted from `half` rows before the first, to stay above zero.
    const ahead = ir.add(cell.y, t)
    const row = ir.sub(ahead, half)
    const value = ir.load(
      frame.input(values.buffer),
      ir.add(ir.mul(ir.add(firstOf(values, head), row), frame.schedule.valueDim), cell.x),
    )
    const entry = ir.load(frame.input(filter), ir.add(ir.mul(head.number, width), t))
    return ir.if_(
      ir.and(ir.ge(ahead, half), ir.lt(ahead, ir.add(countOf(values, head), half))),
      ir.assign(ir.ref(sum), ir.add(ir.ref(sum), ir.mul(entry, value))),
    )
  })
  return { statements: [sum, loop], value: ir.ref(sum) }
}
