/** Truth values, for masks: 1 is true and 0 is false. */
import { unit } from '../interval.ts'
import type { Interval } from '../interval.ts'
import { maskOnly as growth } from './growth.ts'
import { comparison, conditions as truths } from './operator.ts'
import type { ScalarOperator } from './operator.ts'

const truth = (holds: boolean): number => (holds ? 1 : 0)
const range = (): Interval => unit

/** Comparisons and connectives. */
export const conditions = {
  less: { type: comparison, range, growth, value: (a, b) => truth(a < b) },
  lessEqual: { type: comparison, range, growth, value: (a, b) => truth(a <= b) },
  greater: { type: comparison, range, growth, value: (a, b) => truth(a > b) },
  greaterEqual: { type: comparison, range, growth, value: (a, b) => truth(a >= b) },
  equal: { type: comparison, range, growth, value: (a, b) => truth(a === b) },
  notEqual: { type: comparison, range, growth, value: (a, b) => truth(a !== b) },
  and: { type: truths(2), range, growth, value: (a, b) => truth(a !== 0 && b !== 0) },
  or: { type: truths(2), range, growth, value: (a, b) => truth(a !== 0 || b !== 0) },
  not: { type: truths(1), range, growth, value: (a) => truth(a === 0) },
} satisfies Record<string, ScalarOperator>
