/** From the schedule to kernels: one kernel a pass, in order. */
import { InvariantError } from '../../diagnostics/invariant.ts'
import type { Pass, Schedule } from '../../schedule/schedule.ts'
import { asKernel } from '../cell.ts'
import { lowerEquation } from '../cells/lower.ts'
import type { Kernel } from '../kernel.ts'
import { lowerFinish } from './finish.ts'
import { toBinding } from './frame.ts'
import { lowerHash } from './hash.ts'
import { lowerNear } from './near.ts'
import { lowerOnline } from './online.ts'
import { lowerProduct } from './product.ts'
import { lowerProject } from './project.ts'
import { lowerRecur } from './recur.ts'
import { lowerRecurChunks } from './recur-chunks.ts'
import { lowerRecurPairs } from './recur-pairs.ts'
import { lowerReduce } from './reduce.ts'
import { lowerScan } from './scan.ts'
import { lowerOffsets, lowerPlace } from './sort.ts'
import { lowerStep } from './step.ts'
import { inThreads } from './thread-blocks.ts'
import { lowerTransform } from './transform.ts'

/** Lowers every pass of the schedule, in order: equations cell by cell, all other passes by workgroups. */
export function lower(schedule: Schedule): Kernel[] {
  return schedule.passes.map((pass) => lowerPass(schedule, pass))
}

/** The kernel of one pass of the schedule. */
export function lowerPass(schedule: Schedule, pass: Pass): Kernel {
  switch (pass.kind) {
    case 'equation': {
      const output = schedule.buffers.find(({ name }) => name === pass.out)
      const [cells, binding] = [lowerEquation(schedule, pass), toBinding(output, pass.out)]
      return pass.blocks ? inThreads(cells, binding, pass.blocks) : asKernel(cells, binding)
    }
    case 'online':
      return lowerOnline(schedule, pass)
    case 'product':
      return lowerProduct(schedule, pass)
    case 'recur':
      if (pass.of === 'pairs') return lowerRecurPairs(schedule, pass)
      return pass.of === 'chunks' ? lowerRecurChunks(schedule, pass) : lowerRecur(schedule, pass)
    case 'transform':
      return lowerTransform(schedule, pass)
    case 'project':
      return lowerProject(schedule, pass)
    case 'reduce':
      return lowerReduce(schedule, pass)
    case 'scan':
      return lowerScan(schedule, pass)
    case 'step':
      return lowerStep(schedule, pass)
    case 'finish':
      return lowerFinish(schedule, pass)
    case 'walk':
      throw new InvariantError('a walk is planned for kernels of one thread alone')
    case 'hash':
      return lowerHash(schedule, pass)
    case 'order':
      return (pass.of === 'offsets' ? lowerOffsets : lowerPlace)(schedule, pass)
    case 'near':
      return lowerNear(schedule, pass)
  }
}
