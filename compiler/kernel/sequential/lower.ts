/** From the schedule to kernels of one thread: one kernel a pass, in order. */
import type { Pass, Schedule } from '../../schedule/schedule.ts'
import type { Kernel } from '../kernel.ts'
import { lowerPass } from '../lower/lower.ts'
import { verify } from '../verify.ts'
import { lowerOnline } from './online.ts'
import { serialise } from './serialise.ts'

/** Lowers every pass of the schedule, in order: hot ones to what processors do best, the others thread after thread. */
export function lowerSequential(schedule: Schedule): Kernel[] {
  return schedule.passes.map((pass) => lowerOne(schedule, pass))
}

const inTurns = (schedule: Schedule, pass: Pass): Kernel => serialise(verify(lowerPass(schedule, pass)))

function lowerOne(schedule: Schedule, pass: Pass): Kernel {
  // A tile of several threads was laid out for another machine.
  if (pass.kind === 'equation' || !('tile' in pass) || pass.tile.threads > 1) return inTurns(schedule, pass)
  switch (pass.kind) {
    case 'online':
      return lowerOnline(schedule, pass)
    default:
      return inTurns(schedule, pass)
  }
}
