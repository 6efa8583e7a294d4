/** From the schedule to kernels of one thread: one kernel a pass, in order. */
import { lowerEquation } from '../cells/lower.ts'
import type { EquationPass, Pass, RetracePass, Schedule, WalkPass } from '../../schedule/schedule.ts'
import type { Kernel } from '../kernel.ts'
import { toBinding } from '../lower/frame.ts'
import { lowerPass } from '../lower/lower.ts'
import { verify } from '../verify.ts'
import { inBlocks } from './cell-blocks.ts'
import { lowerOnline } from './online.ts'
import { lowerProduct } from './product.ts'
import { lowerSequentialRecur } from './recur.ts'
import { serialise } from './serialise.ts'
import { lowerRetrace } from './retrace.ts'
import { lowerSequentialStep } from './step.ts'
import { lowerWalk } from './walk.ts'

/** Lowers every pass of the schedule, in order: hot ones to what processors do best, the others thread after thread. */
export function lowerSequential(schedule: Schedule): Kernel[] {
  return schedule.passes.map((pass) => lowerOne(schedule, pass))
}

const inTurns = (schedule: Schedule, pass: Pass): Kernel => serialise(verify(lowerPass(schedule, pass)))

/** Cells in blocks, where they are enough alike. */
function inCells(schedule: Schedule, pass: EquationPass): Kernel {
  const output = schedule.buffers.find(({ name }) => name === pass.out)
  return inBlocks(lowerEquation(schedule, pass), toBinding(output, pass.out)) ?? inTurns(schedule, pass)
}

const retraces = (pass: WalkPass): pass is RetracePass => pass.cotangents !== undefined

function lowerOne(schedule: Schedule, pass: Pass): Kernel {
  switch (pass.kind) {
    case 'online':
      // A tile of several threads was laid out for another machine.
      return pass.tile.threads > 1 ? inTurns(schedule, pass) : lowerOnline(schedule, pass)
    case 'step':
      return pass.tile.threads > 1 ? inTurns(schedule, pass) : lowerSequentialStep(schedule, pass)
    case 'product':
      return pass.tile.threads > 1 ? inTurns(schedule, pass) : lowerProduct(schedule, pass)
    case 'recur':
      return pass.threads > 1 ? inTurns(schedule, pass) : lowerSequentialRecur(schedule, pass)
    case 'walk':
      return retraces(pass) ? lowerRetrace(schedule, pass) : lowerWalk(schedule, pass)
    case 'equation':
      return inCells(schedule, pass)
    default:
      return inTurns(schedule, pass)
  }
}
