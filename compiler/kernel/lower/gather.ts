/** Gather: one thread for each batch item puts its numbers of several buffers into one. */
import type { GatherPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Kernel } from '../kernel.ts'
import { frame } from './frame.ts'

/**
 * The kernel that copies buffers of [B] numbers one behind the other into `to`, because a later pass has
 * too few bindings for all of them.
 */
export function lowerGather(schedule: Schedule, pass: GatherPass): Kernel {
  const { binding, kernel } = frame(schedule, pass)
  const batch = ir.shape('batch')
  const body = record((k) => {
    const item = k.let('item', ir.add(ir.mul(ir.workgroup, pass.threads), ir.thread))
    k.if(ir.lt(item, batch), () =>
      pass.from.forEach((name, place) =>
        k.store(binding(pass.to), ir.add(ir.mul(batch, place), item), ir.load(binding(name), item)),
      ),
    )
  })
  return kernel('Numbers of batch items, from several buffers into one.', [], body)
}
