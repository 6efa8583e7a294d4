/** From the schedule to kernels: one kernel a pass, in order. */
import type { Schedule, WorkgroupPass } from '../../schedule/schedule.ts'
import { asKernel } from '../cell.ts'
import { lowerCells } from '../cells/lower.ts'
import type { Kernel } from '../kernel.ts'
import { lowerAppend } from './append.ts'
import { lowerCombine } from './combine.ts'
import { lowerFinish } from './finish.ts'
import { lowerGather } from './gather.ts'
import { lowerHash } from './hash.ts'
import { lowerHeadMaximum, lowerRowMaxima } from './maxima.ts'
import { lowerMeans } from './means.ts'
import { lowerNear } from './near.ts'
import { lowerOnline } from './online.ts'
import { lowerMerge } from './parts.ts'
import { lowerProduct } from './product.ts'
import { lowerProject } from './project.ts'
import { lowerReduce } from './reduce.ts'
import { lowerScan } from './scan.ts'
import { lowerOffsets, lowerPlace } from './sort.ts'
import { lowerStart } from './start.ts'
import { lowerStep } from './step.ts'
import { lowerTransform } from './transform.ts'

export function lower(schedule: Schedule): Kernel[] {
  return schedule.passes.map((pass) =>
    pass.kind === 'cells' ? asKernel(lowerCells(schedule, pass)) : lowerPass(schedule, pass),
  )
}

function lowerPass(schedule: Schedule, pass: WorkgroupPass): Kernel {
  switch (pass.kind) {
    case 'online':
      return lowerOnline(schedule, pass)
    case 'merge':
      return lowerMerge(schedule, pass)
    case 'means':
      return lowerMeans(schedule, pass)
    case 'start':
      return lowerStart(schedule, pass)
    case 'product':
      return lowerProduct(schedule, pass)
    case 'transform':
      return lowerTransform(schedule, pass)
    case 'project':
      return lowerProject(schedule, pass)
    case 'row-maxima':
      return lowerRowMaxima(schedule, pass)
    case 'head-maximum':
      return lowerHeadMaximum(schedule, pass)
    case 'reduce':
      return lowerReduce(schedule, pass)
    case 'scan':
      return lowerScan(schedule, pass)
    case 'append':
      return lowerAppend(schedule, pass)
    case 'gather':
      return lowerGather(schedule, pass)
    case 'step':
      return lowerStep(schedule, pass)
    case 'finish':
      return lowerFinish(schedule, pass)
    case 'hash':
      return lowerHash(schedule, pass)
    case 'offsets':
      return lowerOffsets(schedule, pass)
    case 'place':
      return lowerPlace(schedule, pass)
    case 'near':
      return lowerNear(schedule, pass)
    case 'combine':
      return lowerCombine(schedule, pass)
  }
}
