/** From the schedule to kernels of one thread: one kernel a pass, in order. */
import type { Pass, Schedule } from '../../schedule/schedule.ts'
import type { Kernel } from '../kernel.ts'
import { lowerPass } from '../lower/lower.ts'
import { verify } from '../verify.ts'
import { serialise } from './serialise.ts'

/** Lowers every pass of the schedule, in order: hot ones to what processors do best, the others thread after thread. */
export function lowerSequential(schedule: Schedule): Kernel[] {
  return schedule.passes.map((pass) => lowerOne(schedule, pass))
}

function lowerOne(schedule: Schedule, pass: Pass): Kernel {
  switch (pass.kind) {
    default:
      return serialise(verify(lowerPass(schedule, pass)))
  }
}
