/** From the algebra to a schedule: one strategy per kind of score. */
import type { Attention } from '../algebra/attention.ts'
import { scheduleCells } from './cells/build.ts'
import { scheduleBucketed } from './bucketed.ts'
import { scheduleCompressed } from './compressed.ts'
import { scheduleExact } from './exact.ts'
import { scheduleFactorised } from './factorised.ts'
import { scheduleLandmarks } from './landmarks.ts'
import { hasExponentialOfEntries } from './maxima.ts'
import type { Schedule } from './schedule.ts'

/** The schedule, or why there is none, in words for the writer of the file. */
export function schedule(
  attention: Attention,
  target: 'webgpu' | 'gpujs' = 'webgpu',
): Schedule | { readonly unsupported: string } {
  const { score } = attention
  if (attention.decay !== undefined && attention.stabilize.kind === 'max')
    return { unsupported: 'a decay together with stabilize: max' }
  if (attention.stabilize.kind === 'max' && score.kind === 'factorised' && hasExponentialOfEntries(score))
    return { unsupported: 'stabilize: max and a softmax, or exponentials of entries of w,' }
  if (target === 'gpujs') return scheduleCells(attention)
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
