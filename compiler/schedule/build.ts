/** From the algebra to a schedule for any planner, by the last step of the attention. */
import type { Attention } from '../algebra/attention.ts'
import { actionOf, featuresOf, isIdentity, isInterpretable, outputOf, pairsOf } from '../algebra/facts.ts'
import { cellPlanner } from './cells/planner.ts'
import { hasExponentialOfEntries } from './maxima.ts'
import type { Planner } from './planner.ts'
import type { Schedule } from './schedule.ts'
import { scheduleExact } from './strategies/exact.ts'
import { scheduleNear } from './strategies/near.ts'
import { scheduleSteps } from './strategies/steps.ts'
import { workgroupPlanner } from './workgroups/planner.ts'

/** The schedule, or why there is none, in words for the writer of the file. */
export function schedule(
  attention: Attention,
  planner: Planner = workgroupPlanner,
): Schedule | { readonly unsupported: string } {
  const { stabilize } = attention
  const score = featuresOf(attention)
  if (!isIdentity(actionOf(attention)) && stabilize.kind === 'max')
    return { unsupported: 'a decay together with stabilize: max' }
  if (stabilize.kind === 'max' && score !== undefined && hasExponentialOfEntries(score))
    return { unsupported: 'stabilize: max and a softmax, or exponentials of entries of w,' }
  return plan(attention, planner)
}

/** The attention in equations alone; undefined where rows are sorted, because no equation sorts. */
export const equationsOf = (attention: Attention): Schedule | undefined =>
  isInterpretable(attention) ? plan(attention, cellPlanner) : undefined

function plan(attention: Attention, planner: Planner): Schedule {
  const output = outputOf(attention)
  if (output.kind === 'carry') return planner.factorised(attention, output)
  if (output.kind === 'near') return scheduleNear(attention, output)
  const pairs = pairsOf(attention)
  return pairs === undefined ? scheduleSteps(attention, planner) : scheduleExact(attention, pairs, planner)
}
