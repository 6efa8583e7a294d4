/** From the algebra to a schedule for any planner, by the last step of the attention. */
import type { Attention } from '../algebra/attention.ts'
import {
  actionOf,
  attendOf,
  featuresOf,
  isIdentity,
  isInterpretable,
  mapsOf,
  meetingOf,
  outputOf,
  termsOf,
  undecodable,
} from '../algebra/facts.ts'
import { backwardBehind } from './backward/behind.ts'
import { backwardFactorised } from './backward/factorised.ts'
import { inTwo } from './backward/in-two.ts'
import type { WithResult } from './backward/in-two.ts'
import { isDerivable, lengthOfSlopes } from './backward/pair-slopes.ts'
import { backwardNear } from './backward/near.ts'
import { backwardSteps } from './backward/steps.ts'
import { cellPlanner } from './cells/planner.ts'
import { inBlocks } from './equation/blocks.ts'
import { hasExponentialOfEntries } from './maxima.ts'
import type { Planner } from './planner.ts'
import { buffersOfAPass } from './schedule.ts'
import type { Pass, Schedule } from './schedule.ts'
import { scheduleExact } from './strategies/exact.ts'
import { scheduleNear } from './strategies/near.ts'
import { scheduleRecurrence } from './strategies/recurrence.ts'
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
    return { unsupported: 'stabilize: max and a softmax or exponentials of entries of w' }
  const planned = plan(attention, planner)
  return isCrowded(planned)
    ? { unsupported: 'an expression that sees more tensors than a pass binds' }
    : planned
}

/** Whether a map binds more buffers than a device has room for, in any form. */
const isCrowded = ({ passes, decoding }: Schedule): boolean =>
  [passes, decoding?.prefill.passes ?? [], decoding?.step.passes ?? []]
    .flat()
    .some(({ kind, buffers }) => kind === 'equation' && buffers.length > buffersOfAPass)

/** The attention in equations alone; undefined where rows are sorted or change a state in order, which no equation does. */
export const equationsOf = (attention: Attention): Schedule | undefined =>
  isInterpretable(attention) && meetingOf(attention).kind !== 'recur'
    ? plan(attention, cellPlanner)
    : undefined

/** Nodes of derivatives, each counted once: kernels of more take long to compile, and nobody writes such a feature. */
const mostNodes = 4000

/** Why an attention has no gradients, in words that go on from "has no gradients, since". */
export function underivable(attention: Attention): string | undefined {
  if (meetingOf(attention).kind === 'recur') return 'no kernels go back through rows that change a state'
  if (mapsOf(attention).length > 0) return 'rows that are made of single rows have none yet'
  const terms = termsOf(attention)
  if (terms.some((term) => lengthOfSlopes(term) > mostNodes)) return 'its derivatives are too long'
  return terms.every(isDerivable) ? undefined : inseparable
}

const inseparable = 'the derivative of its kernel is no sum of products of functions of one row each'

/**
 * The gradients of q, k and v, or why there are none.
 *
 * @param parameters whether those of the projection or of weights come with them, where there are some
 */
export function backward(
  attention: Attention,
  planner: Planner = cellPlanner,
  parameters = false,
): Schedule | { readonly underivable: string } {
  const reason = underivable(attention)
  if (reason !== undefined) return { underivable: reason }
  const output = outputOf(attention)
  const totals = !parameters ? undefined : planner.rowsApart ? 'bySlice' : 'inPlace'
  if (output.kind === 'near' && planner.rowsApart) return { underivable: 'no cell sorts rows by a hash' }
  const planned: WithResult | { readonly underivable: string } | undefined =
    output.kind === 'near'
      ? backwardNear(attention, output)
      : output.kind === 'carry'
        ? backwardFactorised(attention, output, planner, totals)
        : backwardSteps(attention, planner, totals)
  if (planned === undefined) return { underivable: inseparable }
  if ('underivable' in planned) return planned
  const laid = (pass: Pass): Pass => (pass.kind === 'equation' && planner.blocks ? inBlocks(pass) : pass)
  const { result, ...gradients } = planned
  const whole = { ...gradients, passes: gradients.passes.map(laid) }
  return result === undefined ? whole : inTwo(whole, { ...result, passes: result.passes.map(laid) })
}

/** The gradients of q, k and v of rows behind those of a state, and that of the state; or why there are none. */
export function backwardFromState(
  attention: Attention,
  planner: Planner = cellPlanner,
): Schedule | { readonly underivable: string } {
  const reason = undecodable(attention) ?? underivable(attention)
  if (reason !== undefined) return { underivable: reason }
  const output = outputOf(attention)
  if (output.kind === 'carry') return backwardBehind(attention, output, planner)
  return { underivable: 'it carries no sums' }
}

function plan(attention: Attention, planner: Planner): Schedule {
  const meeting = meetingOf(attention)
  if (meeting.kind === 'carry') return planner.factorised(attention, meeting)
  if (meeting.kind === 'near') return scheduleNear(attention, meeting)
  if (meeting.kind === 'recur') return scheduleRecurrence(attention, meeting, planner)
  const pairs = attendOf(attention)
  return pairs === undefined ? scheduleSteps(attention, planner) : scheduleExact(attention, pairs, planner)
}
