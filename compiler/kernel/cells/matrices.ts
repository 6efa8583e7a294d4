/** Means of rows, small matrices of heads, and the cache of decoding, cell by cell. */
import type {
  AppendCells,
  CellPass,
  MeanCells,
  NormCells,
  ProductCells,
  TransposeCells,
} from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { cell } from '../cell.ts'
import type { CellKernel } from '../cell.ts'
import type { Value } from '../kernel.ts'
import { countOf, firstOf, headOf } from './frame.ts'
import type { CellFrame } from './frame.ts'
import { inverse } from './numbers.ts'

/** x: column, y: segment, z: head. */
export function lowerMeans(frame: CellFrame, pass: CellPass, { rows, segments }: MeanCells): CellKernel {
  const { dim } = frame.schedule
  const head = headOf(frame, pass.over, cell.z)
  const count = countOf(rows, head)
  const short = ir.let_('short', ir.div(count, segments))
  const shorter = ir.let_('shorter', ir.sub(ir.mul(ir.add(ir.ref(short), 1), segments), count))
  // Segments of one row more: before this one, and up to it.
  const longer = (name: string, segment: Value): ReturnType<typeof ir.let_> =>
    ir.let_(name, ir.sub(ir.call('max', segment, ir.ref(shorter)), ir.ref(shorter)))
  const before = longer('longerBefore', cell.y)
  const upTo = longer('longerUpTo', ir.add(cell.y, 1))
  const first = ir.let_('first', ir.add(ir.mul(cell.y, ir.ref(short)), ir.ref(before)))
  const size = ir.let_('size', ir.add(ir.ref(short), ir.sub(ir.ref(upTo), ir.ref(before))))
  const sum = ir.var_('sum', ir.f32(0))
  const loop = ir.for_('r', 0, ir.ref(size), 1, (r) => {
    const row = ir.add(firstOf(rows, head), ir.ref(first), r)
    return ir.assign(
      ir.ref(sum),
      ir.add(ir.ref(sum), ir.load(frame.input(rows.buffer), ir.add(ir.mul(row, dim), cell.x))),
    )
  })
  return frame.kernel(
    [head.statements, short, shorter, before, upTo, first, size, sum, loop],
    // A segment without rows is no one's: such batch items are exact.
    ir.div(ir.ref(sum), ir.call('max', ir.convert('f32', ir.ref(size)), 1)),
  )
}

/** x: head. */
export function lowerNorms(frame: CellFrame, pass: CellPass, { matrix }: NormCells): CellKernel {
  const { count } = matrix
  const head = headOf(frame, pass.over, cell.x)
  const entry = (row: Value, column: Value): Value =>
    ir.load(frame.input(matrix.buffer), ir.add(ir.mul(ir.add(firstOf(matrix, head), row), count), column))
  const largest = (['largestColumn', 'largestRow'] as const).map((name) => ir.var_(name, ir.f32(0)))
  const sums = (['columnSum', 'rowSum'] as const).map((name) => ir.var_(name, ir.f32(0)))
  const loop = ir.for_('line', 0, count, 1, (line) => [
    sums,
    ir.for_('t', 0, count, 1, (t) =>
      sums.map((sum, which) =>
        ir.assign(
          ir.ref(sum),
          ir.add(ir.ref(sum), ir.call('abs', which === 0 ? entry(t, line) : entry(line, t))),
        ),
      ),
    ),
    largest.map((most, which): Body => {
      const sum = sums[which]
      return sum === undefined ? [] : ir.assign(ir.ref(most), ir.call('max', ir.ref(most), ir.ref(sum)))
    }),
  ])
  const [column, row] = largest.map((most) => ir.ref(most))
  const norms = ir.let_('norms', ir.mul(column ?? 0, row ?? 0))
  return frame.kernel([head.statements, largest, loop, norms], inverse(ir.ref(norms)))
}

/** x: column, y: row, z: head. */
export function lowerTranspose(
  frame: CellFrame,
  _: CellPass,
  { matrix, factors }: TransposeCells,
): CellKernel {
  const { count } = matrix
  const at = ir.add(ir.mul(ir.add(ir.mul(cell.z, count), cell.x), count), cell.y)
  return frame.kernel(
    [],
    ir.mul(ir.load(frame.input(factors), cell.z), ir.load(frame.input(matrix.buffer), at)),
  )
}

/** x: column, y: row, z: head. */
export function lowerProduct(frame: CellFrame, pass: CellPass, work: ProductCells): CellKernel {
  const { left, right, columns, diagonal, factor } = work
  const head = headOf(frame, pass.over, cell.z)
  const depth = countOf(right, head)
  // Of weights, rows are as long as they come, of which the first entries are used. It is a whole quotient, of
  // numbers that a float may hold only nearly: to be rounded to the nearest.
  const rowsOfAll = ir.mul(ir.shape('heads'), left.count)
  const length =
    typeof right.count === 'number'
      ? ir.u32(right.count)
      : ir.div(ir.add(ir.bufferLength(frame.input(left.buffer)), ir.div(rowsOfAll, 2)), rowsOfAll)
  const rowLength = ir.let_('rowLength', length)
  const sum = ir.var_('sum', ir.f32(0))
  const loop = ir.for_('j', 0, depth, 1, (j) => {
    const entry = ir.load(
      frame.input(left.buffer),
      ir.add(ir.mul(ir.add(firstOf(left, head), cell.y), ir.ref(rowLength)), j),
    )
    const other = ir.load(
      frame.input(right.buffer),
      ir.add(ir.mul(ir.add(firstOf(right, head), j), columns), cell.x),
    )
    const taken =
      diagonal === undefined ? other : ir.sub(ir.select(ir.eq(j, cell.x), ir.f32(diagonal), 0), other)
    return ir.assign(ir.ref(sum), ir.add(ir.ref(sum), ir.mul(entry, taken)))
  })
  return frame.kernel(
    [head.statements, rowLength, sum, loop],
    factor === 1 ? ir.ref(sum) : ir.mul(ir.ref(sum), factor),
  )
}

/** x: entry, y: row of the cache, z: head. */
export function lowerAppend(
  frame: CellFrame,
  pass: CellPass,
  { from, cache, width }: AppendCells,
): CellKernel {
  const head = headOf(frame, pass.over, cell.z)
  const offset = head.firstPosition
  const value = ir.var_('value', ir.f32(0))
  const isNew = ir.and(ir.ge(cell.y, offset), ir.lt(cell.y, ir.add(offset, ir.shape('length'))))
  const row = ir.add(ir.mul(head.keyGroup, ir.shape('length')), ir.sub(cell.y, offset))
  const old = ir.add(ir.mul(head.keyGroup, ir.shape('capacity')), cell.y)
  return frame.kernel(
    [
      head.statements,
      value,
      ir.if_(
        isNew,
        ir.assign(ir.ref(value), ir.load(frame.input(from), ir.add(ir.mul(row, width), cell.x))),
        ir.assign(ir.ref(value), ir.load(frame.input(cache), ir.add(ir.mul(old, width), cell.x))),
      ),
    ],
    ir.ref(value),
  )
}
