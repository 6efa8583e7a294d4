/**
 * Cells in blocks, one for each thread of a dispatch: what `sequential/cell-blocks.ts` writes for processors, without
 * numbers that are moved four at a time, which other devices do from some places alone. Where less than a block can be
 * taken together, a thread takes its block in parts.
 */
import type { CellsOfThread } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import type { CellKernel } from '../cell.ts'
import type { Binding, Kernel, Value } from '../kernel.ts'
import { blockOf, oneByOne, shapeOf } from '../sequential/cell-blocks.ts'
import { lanes } from './tile.ts'

/** Threads of a workgroup. */
const threads = 64

/** The kernel whose threads compute a block each. */
export function inThreads(kernel: CellKernel, output: Binding, cells: CellsOfThread): Kernel {
  const { columns, rows } = cells
  const [width, height, depth] = kernel.extent
  const across = ir.div(ir.add(width, columns - 1), columns)
  const down = ir.div(ir.add(height, rows - 1), rows)
  const blocks = ir.mul(ir.mul(down, depth), across)
  const number = ir.let_('number', ir.add(ir.mul(ir.workgroup, threads), ir.thread))
  const start = ir.let_('blockColumn', ir.mul(ir.mod(ir.ref(number), across), columns))
  const first = ir.let_('blockRow', ir.mul(ir.mod(ir.div(ir.ref(number), across), down), rows))
  const z = ir.let_('z', ir.div(ir.ref(number), ir.mul(down, across)))
  return {
    name: kernel.name,
    summary: kernel.summary,
    workgroupSize: threads,
    count: ir.div(ir.add(blocks, threads - 1), threads),
    bindings: [...kernel.inputs.filter(({ name }) => name !== output.name), output],
    shared: [],
    body: ir.block(
      number,
      ir.if_(ir.lt(ir.ref(number), blocks), [
        start,
        first,
        z,
        cellsFrom(kernel, output, cells, { start: ir.ref(start), first: ir.ref(first) }),
      ]),
    ),
  }
}

/** The cells of a block, in parts that are taken together. */
function cellsFrom(
  kernel: CellKernel,
  output: Binding,
  { columns, rows }: CellsOfThread,
  { start, first }: { readonly start: Value; readonly first: Value },
): Body {
  const [width, height] = kernel.extent
  const end = ir.call('min', ir.add(start, columns), width)
  const shape = shapeOf(kernel, output, false)
  if (shape === undefined) return oneByOne(kernel, output, { start, first, rows, end })
  const part = blockOf(kernel, output, shape)
  const ofRows = (column: Value): Body => {
    if (shape.rows === rows) return part(column, first)
    const last = ir.call('min', ir.add(first, rows), height)
    return ir.for_('partRow', first, last, shape.rows, (row) => part(column, row))
  }
  const together = shape.vectors * lanes
  return together === columns ? ofRows(start) : ir.for_('partColumn', start, end, together, ofRows)
}
