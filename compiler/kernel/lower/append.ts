/**
 * Append: copies a group's new key and value rows behind those in its cache.
 * One thread a number.
 */
import type { AppendPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Kernel } from '../kernel.ts'
import { divide, firstKeyRow, firstPositionOf, frame, groupNames, u32Name } from './frame.ts'

export function lowerAppend(schedule: Schedule, pass: AppendPass): Kernel {
  const { binding, counts, kernel } = frame(schedule, pass)
  const widest = Math.max(...pass.copies.map(({ width }) => width))
  const parts = ir.div(ir.add(ir.mul(ir.shape('length'), widest), pass.threads - 1), pass.threads)
  const index = ir.let_('index', ir.add(ir.mul(u32Name('part'), pass.threads), ir.thread))
  const cached = ir.let_(
    'firstCached',
    ir.add(ir.mul(u32Name('keyGroup'), ir.shape('capacity')), firstPositionOf(counts)),
  )
  const body = ir.block(
    divide([['part', parts]], 'slice'),
    groupNames(counts, schedule.groups, false),
    index,
    cached,
    pass.copies.map(({ from, to, width }) =>
      ir.if_(
        ir.lt(ir.ref(index), ir.mul(ir.shape('length'), width)),
        ir.store(
          binding(to),
          ir.add(ir.mul(ir.ref(cached), width), ir.ref(index)),
          ir.load(binding(from), ir.add(ir.mul(firstKeyRow, width), ir.ref(index))),
        ),
      ),
    ),
  )
  return kernel('New key and value rows, behind those in the cache.', [], body)
}
