/** Arithmetic, and the functions that only compare or cut. */
import { modulo } from '../special.ts'
import { elementwise } from './operator.ts'
import type { ScalarOperator } from './operator.ts'

export const arithmetic = {
  add: { type: elementwise(2), value: (a, b) => a + b },
  subtract: { type: elementwise(2), value: (a, b) => a - b },
  multiply: { type: elementwise(2), value: (a, b) => a * b },
  divide: { type: elementwise(2), value: (a, b) => a / b },
  negate: { type: elementwise(1), value: (a) => -a },
  /** The second argument is a constant. */
  power: {
    type: (args) =>
      args[1] !== undefined && args[1].kind !== 'scalar'
        ? 'expected a constant number as exponent'
        : elementwise(2)(args),
    value: (a, b) => a ** b,
  },
  /** Floored: the result has the divisor's sign. */
  modulo: { type: elementwise(2), value: modulo },
  abs: { type: elementwise(1), value: Math.abs },
  /** −1, 0 or 1. */
  sign: { type: elementwise(1), value: Math.sign },
  /** 1 where the argument is positive, else 0. */
  step: { type: elementwise(1), value: (a) => (a > 0 ? 1 : 0) },
  floor: { type: elementwise(1), value: Math.floor },
  min: { type: elementwise(2), value: (a, b) => Math.min(a, b) },
  max: { type: elementwise(2), value: (a, b) => Math.max(a, b) },
} satisfies Record<string, ScalarOperator>

