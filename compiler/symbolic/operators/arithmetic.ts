/** Arithmetic, and the functions that only compare or cut. */
import * as intervals from '../interval.ts'
import { modulo } from '../special.ts'
import { elementwise } from './operator.ts'
import type { ScalarOperator } from './operator.ts'

const one = elementwise(1)
const two = elementwise(2)

export const arithmetic = {
  add: { type: two, value: (a, b) => a + b, range: intervals.add },
  subtract: { type: two, value: (a, b) => a - b, range: intervals.subtract },
  multiply: { type: two, value: (a, b) => a * b, range: intervals.multiply },
  divide: { type: two, value: (a, b) => a / b, range: intervals.divide },
  negate: { type: one, value: (a) => -a, range: intervals.negate, parity: 'odd' },
  /** The exponent is a constant; in a decay, as in 2^(-5 - head), the base may be the constant instead. */
  power: {
    type: (args) =>
      args[1] !== undefined && args[1].kind !== 'scalar'
        ? 'expected a constant number as exponent'
        : two(args),
    value: (a, b) => a ** b,
    range: (a, b) => (b.low === b.high ? intervals.power(a, b.low) : intervals.raised(a)),
  },
  /** Floored: the result has the divisor's sign. */
  modulo: {
    type: two,
    value: modulo,
    range: (_, b) =>
      intervals.interval(Math.min(b.low, 0), Math.max(b.high, 0), b.low > 0 ? 'high' : 'closed'),
  },
  abs: { type: one, value: Math.abs, range: intervals.abs, parity: 'even' },
  /** −1, 0 or 1. */
  sign: { type: one, value: Math.sign, range: intervals.nondecreasing(Math.sign), parity: 'odd' },
  /** 1 where the argument is positive, else 0. */
  step: {
    type: one,
    value: (a) => (a > 0 ? 1 : 0),
    range: (a) => (intervals.isPositive(a) ? intervals.point(1) : intervals.unit),
  },
  floor: { type: one, value: Math.floor, range: intervals.nondecreasing(Math.floor) },
  min: { type: two, value: (a, b) => Math.min(a, b), range: intervals.min },
  max: { type: two, value: (a, b) => Math.max(a, b), range: intervals.max },
} satisfies Record<string, ScalarOperator>
