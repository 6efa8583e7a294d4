/** Truth values, for masks: 1 is true and 0 is false. */
import { comparison, conditions as truths } from './operator.ts'
import type { ScalarOperator } from './operator.ts'

const truth = (holds: boolean): number => (holds ? 1 : 0)

export const conditions = {
  less: { type: comparison, value: (a, b) => truth(a < b) },
  lessEqual: { type: comparison, value: (a, b) => truth(a <= b) },
  greater: { type: comparison, value: (a, b) => truth(a > b) },
  greaterEqual: { type: comparison, value: (a, b) => truth(a >= b) },
  equal: { type: comparison, value: (a, b) => truth(a === b) },
  notEqual: { type: comparison, value: (a, b) => truth(a !== b) },
  and: { type: truths(2), value: (a, b) => truth(a !== 0 && b !== 0) },
  or: { type: truths(2), value: (a, b) => truth(a !== 0 || b !== 0) },
  not: { type: truths(1), value: (a) => truth(a === 0) },
} satisfies Record<string, ScalarOperator>
