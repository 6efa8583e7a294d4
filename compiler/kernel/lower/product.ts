/**
 * Product: one workgroup takes 32 rows of a head's left matrix and a tile of
 * columns through the right matrix, 32 entries at a time.
 */
import type { ProductPass, Rows, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import type { Binding, Kernel, Value } from '../kernel.ts'
import { frame, u32Name } from './frame.ts'
import { storeRows } from './readout.ts'
import { countOf, firstOf, guarded, headNames } from './rows.ts'
import {
  columnGroup,
  columnsOf,
  extent,
  lanes,
  place,
  range,
  rowGroup,
  threadNames,
  tileArray,
  valueTiles,
  within,
} from './tile.ts'

/** The kernel of factor · left · right, or of factor · left · (diagonal·I − right), for each head. */
export function lowerProduct(schedule: Schedule, pass: ProductPass): Kernel {
  const { tile, over, left, right, out, columns: width, diagonal, factor } = pass
  const { binding, counts, kernel } = frame(schedule, pass)
  const rows = left.count
  const depth = countOf(right, counts)
  const rowLength = ir.let_('rowLength', lengthOfRows(left, right, binding(left.buffer)))
  const columns = columnsOf(tile, width)
  const sums = ir.registers('sums', 'vec4f', columns.count)
  const leftTile = tileArray('leftTile', tile.steps)

  const firstRow = ir.let_('firstRow', ir.mul(u32Name('rowTile'), tile.rows))
  const firstLeft = ir.let_('firstLeft', firstOf(left, over))
  const firstRight = ir.let_('firstRight', firstOf(right, over))
  const leftStarts = range(lanes).map((lane) => {
    const row = ir.add(ir.ref(firstRow), ir.mul(rowGroup, lanes), lane)
    return ir.let_(`leftRow${lane}`, ir.mul(ir.add(ir.ref(firstLeft), within(row, rows)), ir.ref(rowLength)))
  })

  const fill = (from: Value): Body =>
    range(tile.steps / 8).map((item) => {
      const step = ir.let_(`step${item}`, ir.add(ir.mul(columnGroup, tile.steps / 8), item))
      const entries = leftStarts.map((start) =>
        ir.load(binding(left.buffer), ir.add(ir.ref(start), within(ir.add(from, ir.ref(step)), depth))),
      )
      const [a, b, c, d] = entries
      return [
        step,
        ir.sharedStore(leftTile, place(ir.ref(step), rowGroup), ir.vec4(a ?? 0, b ?? 0, c ?? 0, d ?? 0)),
      ]
    })

  const multiply = (from: Value, here: Value): Body =>
    ir.for_('j', 0, here, 1, (j) => {
      const entry = ir.let_('entry', ir.sharedLoad(leftTile, place(j, rowGroup)))
      const row = ir.let_('rightRow', ir.add(from, j))
      const start = ir.let_('rightStart', ir.mul(ir.add(ir.ref(firstRight), ir.ref(row)), width))
      return [
        entry,
        row,
        start,
        range(columns.count).map((index) => {
          const value = ir.load(binding(right.buffer), ir.add(ir.ref(start), columns.at(index)))
          const onDiagonal = ir.eq(ir.ref(row), columns.at(index))
          const taken =
            diagonal === undefined ? value : ir.sub(ir.select(onDiagonal, ir.f32(diagonal), 0), value)
          return ir.assign(
            ir.register(sums, index),
            ir.add(ir.register(sums, index), ir.mul(ir.ref(entry), ir.splat(taken))),
          )
        }),
      ]
    })

  const body = ir.block(
    headNames(
      over,
      [
        ['valueTile', valueTiles(tile, width)],
        ['rowTile', Math.ceil(rows / tile.rows)],
      ],
      counts,
    ),
    threadNames(tile),
    columns.names,
    firstRow,
    guarded(pass.only, counts, [
      firstLeft,
      firstRight,
      rowLength,
      leftStarts,
      sums,
      ir.for_('from', 0, depth, tile.steps, (from) => {
        const here = ir.let_('here', extent(from, depth, tile.steps))
        return [here, fill(from), ir.barrier, multiply(from, ir.ref(here)), ir.barrier]
      }),
      storeRows(
        { columns, firstRow: ir.ref(firstRow), rows: ir.u32(rows), out: binding(out.buffer) },
        (row) => ir.mul(ir.add(firstOf(out, over), row), width),
        (index) =>
          factor === 1 ? ir.register(sums, index) : ir.mul(ir.register(sums, index), ir.splat(factor)),
      ),
    ]),
  )
  const second = diagonal === undefined ? 'right' : `(${diagonal}·I − right)`
  return kernel(`${factor === 1 ? '' : `${factor} · `}left · ${second} of each head.`, [leftTile], body)
}

/** As many entries as the other matrix has rows; of weights, as many as they come with, of which the first are used. */
function lengthOfRows({ count }: ProductPass['left'], right: Rows, weights: Binding): Value {
  if (typeof right.count === 'number') return ir.u32(right.count)
  return ir.div(ir.bufferLength(weights), ir.mul(ir.shape('heads'), count))
}
