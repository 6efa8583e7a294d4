/** Arithmetic, and the functions that only compare or cut. */
import * as intervals from '../interval.ts'
import { modulo } from '../special.ts'
import { minus, node, number, over, square, times } from './nodes.ts'
import { elementwise } from './operator.ts'
import type { ScalarOperator } from './operator.ts'

const one = elementwise(1)
const two = elementwise(2)

export const arithmetic = {
  add: { type: two, value: (a, b) => a + b, range: intervals.add, derivative: () => [number(1), number(1)] },
  subtract: {
    type: two,
    value: (a, b) => a - b,
    range: intervals.subtract,
    derivative: () => [number(1), number(-1)],
  },
  multiply: { type: two, value: (a, b) => a * b, range: intervals.multiply, derivative: (a, b) => [b, a] },
  divide: {
    type: two,
    value: (a, b) => a / b,
    range: intervals.divide,
    derivative: (a, b) => [over(number(1), b), node('negate', over(a, square(b)))],
  },
  negate: {
    type: one,
    value: (a) => -a,
    range: intervals.negate,
    parity: 'odd',
    derivative: () => [number(-1)],
  },
  /** The exponent is a constant; in a decay, as in 2^(-5 - head), the base may be the constant instead. */
  power: {
    type: (args) =>
      args[1] !== undefined && args[1].kind !== 'scalar'
        ? 'expected a constant number as exponent'
        : two(args),
    value: (a, b) => a ** b,
    range: (a, b) => (b.low === b.high ? intervals.power(a, b.low) : intervals.raised(a)),
    derivative: (a, b) => [
      times(b, node('power', a, number((b.kind === 'constant' ? b.value : Number.NaN) - 1))),
      times(node('power', a, b), node('log', a)),
    ],
  },
  /** Floored: the result has the divisor's sign. */
  modulo: {
    type: two,
    value: modulo,
    range: (_, b) =>
      intervals.interval(Math.min(b.low, 0), Math.max(b.high, 0), b.low > 0 ? 'high' : 'closed'),
    derivative: (a, b) => [number(1), node('negate', node('floor', over(a, b)))],
  },
  abs: {
    type: one,
    value: Math.abs,
    range: intervals.abs,
    parity: 'even',
    derivative: (a) => [node('sign', a)],
  },
  /** −1, 0 or 1. */
  sign: { type: one, value: Math.sign, range: intervals.nondecreasing(Math.sign), parity: 'odd' },
  /** 1 where the argument is positive, else 0. */
  step: {
    type: one,
    value: (a) => (a > 0 ? 1 : 0),
    range: (a) => (intervals.isPositive(a) ? intervals.point(1) : intervals.unit),
  },
  floor: { type: one, value: Math.floor, range: intervals.nondecreasing(Math.floor) },
  min: {
    type: two,
    value: (a, b) => Math.min(a, b),
    range: intervals.min,
    derivative: (a, b) => [minus(number(1), node('step', minus(a, b))), node('step', minus(a, b))],
  },
  max: {
    type: two,
    value: (a, b) => Math.max(a, b),
    range: intervals.max,
    derivative: (a, b) => [minus(number(1), node('step', minus(b, a))), node('step', minus(b, a))],
  },
} satisfies Record<string, ScalarOperator>
