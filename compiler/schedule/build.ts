/** From the algebra to a schedule: one strategy per kind of score, for any planner. */
import type { Attention } from '../algebra/attention.ts'
import { scheduleBucketed } from './bucketed.ts'
import { cellPlanner } from './cells/planner.ts'
import { hasExponentialOfEntries } from './maxima.ts'
import type { Planner } from './planner.ts'
import type { Schedule } from './schedule.ts'
import { scheduleCompressed } from './strategies/compressed.ts'
import { scheduleExact } from './strategies/exact.ts'
import { scheduleLandmarks } from './strategies/landmarks.ts'
import { workgroupPlanner } from './workgroups/planner.ts'

/** The schedule, or why there is none, in words for the writer of the file. */
export function schedule(
  attention: Attention,
  planner: Planner = workgroupPlanner,
): Schedule | { readonly unsupported: string } {
  const { score, decay, stabilize } = attention
  if (decay !== undefined && stabilize.kind === 'max')
    return { unsupported: 'a decay together with stabilize: max' }
  if (stabilize.kind === 'max' && score.kind === 'factorised' && hasExponentialOfEntries(score))
    return { unsupported: 'stabilize: max and a softmax, or exponentials of entries of w,' }
  return plan(attention, planner)
}

/** The attention in equations alone; undefined for buckets, because no equation sorts rows. */
export const equationsOf = (attention: Attention): Schedule | undefined =>
  attention.score.kind === 'bucketed' ? undefined : plan(attention, cellPlanner)

function plan(attention: Attention, planner: Planner): Schedule {
  const { score } = attention
  switch (score.kind) {
    case 'exact':
      return scheduleExact(attention, score, planner)
    case 'factorised':
      return planner.factorised(attention, score)
    case 'landmarks':
      return scheduleLandmarks(attention, score, planner)
    case 'compressed':
      return scheduleCompressed(attention, score, planner)
    case 'bucketed':
      return scheduleBucketed(attention, score)
  }
}
