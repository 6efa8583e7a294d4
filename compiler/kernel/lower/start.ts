/**
 * Start: one workgroup takes a head's whole matrix and finds the largest sum of
 * absolute values down a column and along a row, then writes the transpose over
 * the product of the two. A matrix of zeros has a transpose of zeros.
 */
import type { Schedule, StartPass } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import type { Kernel, SharedArray, Value } from '../kernel.ts'
import { frame } from './frame.ts'
import { firstOf, guarded, headNames } from './rows.ts'

export function lowerStart(schedule: Schedule, pass: StartPass): Kernel {
  const { binding, counts, kernel } = frame(schedule, pass)
  const { threads, over, only, matrix, out } = pass
  const size = matrix.count
  const sums: SharedArray = { name: 'largestSums', element: 'f32', length: threads * 2 }

  const from = ir.let_('from', ir.mul(firstOf(matrix, over), size))
  const to = ir.let_('to', ir.mul(firstOf(out, over), size))
  const entry = (row: Value, column: Value): Value =>
    ir.load(binding(matrix.buffer), ir.add(ir.ref(from), ir.mul(row, size), column))

  const column = ir.var_('largestColumn', ir.f32(0))
  const row = ir.var_('largestRow', ir.f32(0))
  const columnSum = ir.var_('columnSum', ir.f32(0))
  const rowSum = ir.var_('rowSum', ir.f32(0))
  const grow = (sum: typeof columnSum, value: Value): Body =>
    ir.assign(ir.ref(sum), ir.add(ir.ref(sum), ir.call('abs', value)))
  const raise = (largest: typeof column, sum: Value): Body =>
    ir.assign(ir.ref(largest), ir.call('max', ir.ref(largest), sum))

  // Every thread takes its own lines, then all of the threads' results.
  const norms: Body = [
    column,
    row,
    ir.for_('line', ir.thread, size, threads, (line) => [
      columnSum,
      rowSum,
      ir.for_('along', 0, size, 1, (along) => [
        grow(columnSum, entry(along, line)),
        grow(rowSum, entry(line, along)),
      ]),
      raise(column, ir.ref(columnSum)),
      raise(row, ir.ref(rowSum)),
    ]),
    ir.sharedStore(sums, ir.thread, ir.ref(column)),
    ir.sharedStore(sums, ir.add(ir.thread, threads), ir.ref(row)),
    ir.barrier,
    ir.for_('other', 0, Math.min(threads, size), 1, (other) => [
      raise(column, ir.sharedLoad(sums, other)),
      raise(row, ir.sharedLoad(sums, ir.add(other, threads))),
    ]),
  ]
  const product = ir.let_('norms', ir.mul(ir.ref(column), ir.ref(row)))
  const nothing = ir.let_('nothing', ir.eq(ir.ref(product), 0))
  const factor = ir.let_(
    'factor',
    ir.select(ir.ref(nothing), 0, ir.div(ir.f32(1), ir.select(ir.ref(nothing), 1, ir.ref(product)))),
  )

  const body = ir.block(
    headNames(over, [], counts),
    guarded(only, counts, [
      from,
      to,
      norms,
      product,
      nothing,
      factor,
      ir.for_('place', ir.thread, size * size, threads, (place) =>
        ir.store(
          binding(out.buffer),
          ir.add(ir.ref(to), place),
          ir.mul(ir.ref(factor), entry(ir.mod(place, size), ir.div(place, size))),
        ),
      ),
    ]),
  )
  return kernel('Aᵀ / (‖A‖₁ ‖A‖∞) of each head.', [sums], body)
}
