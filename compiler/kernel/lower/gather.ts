/** Gather: one thread for each batch item puts its numbers of several buffers into one. */
import type { GatherPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Kernel } from '../kernel.ts'
import { frame } from './frame.ts'

/**
 * The kernel that copies buffers of [B] numbers one behind the other into `to`, because a later pass has
 * too few bindings for all of them.
 */
export function lowerGather(schedule: Schedule, pass: GatherPass): Kernel {
  const { binding, kernel } = frame(schedule, pass)
  const batch = ir.shape('batch')
  const item = ir.let_('item', ir.add(ir.mul(ir.workgroup, pass.threads), ir.thread))
  const body = ir.block(
    item,
    ir.if_(
      ir.lt(ir.ref(item), batch),
      pass.from.map((name, place) =>
        ir.store(
          binding(pass.to),
          ir.add(ir.mul(batch, place), ir.ref(item)),
          ir.load(binding(name), ir.ref(item)),
        ),
      ),
    ),
  )
  return kernel('Numbers of batch items, from several buffers into one.', [], body)
}
