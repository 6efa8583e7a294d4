/** Means: a thread adds up one column of one segment of rows. */
import type { MeansPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Kernel } from '../kernel.ts'
import { frame, u32Name } from './frame.ts'
import { countOf, firstOf, guarded, headNames } from './rows.ts'

export function lowerMeans(schedule: Schedule, pass: MeansPass): Kernel {
  const { dim } = schedule
  const { binding, counts, kernel } = frame(schedule, pass)
  const { threads, over, only, rows, out } = pass
  const segments = out.count
  const numbers = segments * dim

  const number = ir.let_('number', ir.add(ir.mul(u32Name('piece'), threads), ir.thread))
  const segment = ir.let_('segment', ir.div(ir.ref(number), dim))
  const column = ir.let_('column', ir.mod(ir.ref(number), dim))
  const short = ir.let_('short', ir.div(countOf(rows, counts), segments))
  const shorter = ir.let_(
    'shorter',
    ir.sub(ir.mul(ir.add(ir.ref(short), 1), segments), countOf(rows, counts)),
  )
  // Segments of one row more that lie before this one.
  const longer = ir.sub(ir.call('max', ir.ref(segment), ir.ref(shorter)), ir.ref(shorter))
  const first = ir.let_('first', ir.add(ir.mul(ir.ref(segment), ir.ref(short)), longer))
  const size = ir.let_(
    'size',
    ir.add(ir.ref(short), ir.select(ir.lt(ir.ref(segment), ir.ref(shorter)), ir.u32(0), 1)),
  )
  const start = ir.let_(
    'start',
    ir.add(ir.mul(ir.add(firstOf(rows, over), ir.ref(first)), dim), ir.ref(column)),
  )
  const sum = ir.var_('sum', ir.f32(0))

  const body = ir.block(
    headNames(over, [['piece', Math.ceil(numbers / threads)]], counts),
    number,
    guarded(
      only,
      counts,
      ir.if_(ir.lt(ir.ref(number), numbers), [
        segment,
        column,
        short,
        shorter,
        first,
        size,
        start,
        sum,
        ir.for_('row', 0, ir.ref(size), 1, (row) =>
          ir.assign(
            ir.ref(sum),
            ir.add(ir.ref(sum), ir.load(binding(rows.buffer), ir.add(ir.ref(start), ir.mul(row, dim)))),
          ),
        ),
        ir.store(
          binding(out.buffer),
          ir.add(ir.mul(firstOf(out, over), dim), ir.ref(number)),
          ir.div(ir.ref(sum), ir.convert('f32', ir.ref(size))),
        ),
      ]),
    ),
  )
  return kernel('The mean of each segment of consecutive rows.', [], body)
}
