/** From the algebra to a schedule: one strategy per kind of score. */
import type { Attention } from '../algebra/attention.ts'
import { scheduleBucketed } from './bucketed.ts'
import { scheduleCompressed } from './compressed.ts'
import { scheduleExact } from './exact.ts'
import { scheduleFactorised } from './factorised.ts'
import { scheduleLandmarks } from './landmarks.ts'
import { hasExponentialOfEntries } from './maxima.ts'
import type { Schedule } from './schedule.ts'

/** The schedule, or why there is none, in words for the writer of the file. */
export type Strategies = (attention: Attention) => Schedule | { readonly unsupported: string }

/** @param strategies those of the target */
export function schedule(
  attention: Attention,
  strategies: Strategies = inWorkgroups,
): ReturnType<Strategies> {
  const { score } = attention
  if (attention.decay !== undefined && attention.stabilize.kind === 'max')
    return { unsupported: 'a decay together with stabilize: max' }
  if (attention.stabilize.kind === 'max' && score.kind === 'factorised' && hasExponentialOfEntries(score))
    return { unsupported: 'stabilize: max and a softmax, or exponentials of entries of w,' }
  return strategies(attention)
}

/** Passes of workgroups. */
export function inWorkgroups(attention: Attention): Schedule {
  const { score } = attention
  switch (score.kind) {
    case 'exact':
      return scheduleExact(attention, score)
    case 'factorised':
      return scheduleFactorised(attention, score)
    case 'landmarks':
      return scheduleLandmarks(attention, score)
    case 'compressed':
      return scheduleCompressed(attention, score)
    case 'bucketed':
      return scheduleBucketed(attention, score)
  }
}
