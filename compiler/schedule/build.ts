/** From the algebra to a schedule for any planner, by the last step of the attention. */
import type { Attention } from '../algebra/attention.ts'
import {
  actionOf,
  featuresOf,
  isIdentity,
  isInterpretable,
  outputOf,
  pairsOf,
  termsOf,
} from '../algebra/facts.ts'
import { backwardFactorised } from './backward/factorised.ts'
import { isDerivable } from './backward/pair-slopes.ts'
import { backwardSteps } from './backward/steps.ts'
import { cellPlanner } from './cells/planner.ts'
import { levelsOf, nodesOf } from '../symbolic/traverse.ts'
import { hasExponentialOfEntries } from './maxima.ts'
import type { Planner } from './planner.ts'
import { buffersOfAPass } from './schedule.ts'
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

/** Nodes of an expression that is derived, and how deep they nest: written out, a derivative grows with every level. */
const mostNodes = 64
const mostLevels = 12

/** Why an attention has no gradients, in words that go on from "has no gradients, since". */
export function underivable(attention: Attention): string | undefined {
  if (!isInterpretable(attention)) return 'its rows are sorted by a hash'
  if (!termsOf(attention).every(({ value }) => nodesOf(value) <= mostNodes && levelsOf(value) <= mostLevels))
    return 'its expressions are too large to be derived'
  if (!termsOf(attention).every(isDerivable))
    return 'the derivative of its kernel is no sum of products of functions of one row each'
  const fits = planBackward(attention, cellPlanner)?.passes.every(
    ({ buffers }) => buffers.length <= buffersOfAPass,
  )
  return fits === true ? undefined : 'its derivatives have too many sums over entries'
}

/** The gradients of q, k and v; undefined where there are none. */
export const backward = (attention: Attention, planner: Planner = cellPlanner): Schedule | undefined =>
  underivable(attention) === undefined ? planBackward(attention, planner) : undefined

function planBackward(attention: Attention, planner: Planner): Schedule | undefined {
  const output = outputOf(attention)
  return output.kind === 'carry' ? backwardFactorised(attention, output) : backwardSteps(attention, planner)
}

function plan(attention: Attention, planner: Planner): Schedule {
  const output = outputOf(attention)
  if (output.kind === 'carry') return planner.factorised(attention, output)
  if (output.kind === 'near') return scheduleNear(attention, output)
  const pairs = pairsOf(attention)
  return pairs === undefined ? scheduleSteps(attention, planner) : scheduleExact(attention, pairs, planner)
}
