/** Pseudo-random numbers of a mask: the same on every platform, since the generator is integer arithmetic. */
import { random } from '../../../runtime/projection/random.ts'
import { interval } from '../interval.ts'
import { maskOnly } from './growth.ts'
import { scalarsOnly } from './operator.ts'
import type { ScalarOperator } from './operator.ts'

/** Operators that make numbers. */
export const numbers = {
  /** A number in [0, 1) that depends on its three integer arguments alone. */
  random: {
    type: scalarsOnly(3),
    call: { parameters: 'a, b, seed', about: 'of three integers' },
    value: random,
    range: () => interval(0, 1, 'high'),
    growth: maskOnly,
  },
} satisfies Record<string, ScalarOperator>
