/** Pseudo-random numbers of a mask: the same on every platform, since the generator is integer arithmetic. */
import { random } from '../../../runtime/projection/random.ts'
import { interval } from '../interval.ts'
import { scalarsOnly } from './operator.ts'
import type { ScalarOperator } from './operator.ts'

export const numbers = {
  /** A number in [0, 1) that depends on its three integer arguments alone. */
  random: { type: scalarsOnly(3), value: random, range: () => interval(0, 1, 'high') },
} satisfies Record<string, ScalarOperator>
