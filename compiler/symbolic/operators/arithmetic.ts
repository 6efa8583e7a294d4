/** Arithmetic, and the functions that only compare or cut. */
import type { Expression } from '../expression.ts'
import * as extended from '../extended.ts'
import * as intervals from '../interval.ts'
import { modulo } from '../special.ts'
import { homogeneous, maskOnly } from './growth.ts'
import type { Unbounded } from './growth.ts'
import { minus, node, number, over, plus, square, times } from './nodes.ts'
import { elementwise } from './operator.ts'
import type { ScalarOperator } from './operator.ts'

const one = elementwise(1)
const two = elementwise(2)
const sum: Unbounded = { kind: 'sum' }
const product: Unbounded = { kind: 'product' }
const choice: Unbounded = { kind: 'choice' }

const constantOf = (exponent: Expression | undefined): number =>
  exponent?.kind === 'constant' ? exponent.value : Number.NaN

/** The records, by name. */
export const arithmetic = {
  add: {
    type: two,
    value: (a, b) => a + b,
    range: intervals.add,
    growth: sum,
    extended: extended.add,
    derivative: () => [number(1), number(1)],
  },
  subtract: {
    type: two,
    value: (a, b) => a - b,
    range: intervals.subtract,
    growth: sum,
    extended: extended.subtract,
    derivative: () => [number(1), number(-1)],
  },
  multiply: {
    type: two,
    value: (a, b) => a * b,
    range: intervals.multiply,
    growth: product,
    extended: extended.multiply,
    derivative: (a, b) => [b, a],
  },
  divide: {
    type: two,
    value: (a, b) => a / b,
    range: intervals.divide,
    growth: product,
    extended: extended.divide,
    derivative: (a, b) => [over(number(1), b), node('negate', over(a, square(b)))],
    roundings: () => 6,
  },
  negate: {
    type: one,
    value: (a) => -a,
    range: intervals.negate,
    growth: product,
    extended: extended.negate,
    parity: 'odd',
    derivative: () => [number(-1)],
    roundings: () => 6,
  },
  /** The exponent is a constant; in a decay, as in 2^(-5 - head), the base may be the constant instead. */
  power: {
    type: (args) =>
      args[1] !== undefined && args[1].kind !== 'scalar'
        ? 'expected a constant number as exponent'
        : two(args),
    value: (a, b) => a ** b,
    range: (a, b) => (b.low === b.high ? intervals.power(a, b.low) : intervals.raised(a)),
    growth: { kind: 'homogeneous', degree: (exponent) => constantOf(exponent) },
    extended: (a, b) => extended.power(a, extended.toNumber(b)),
    derivative: (a, b) => [
      times(b, node('power', a, number(constantOf(b) - 1))),
      times(node('power', a, b), node('log', a)),
    ],
    roundings: () => 6,
  },
  /** Floored: the result has the divisor's sign. */
  modulo: {
    type: two,
    value: modulo,
    range: (_, b) =>
      intervals.interval(Math.min(b.low, 0), Math.max(b.high, 0), b.low > 0 ? 'high' : 'closed'),
    growth: maskOnly,
    derivative: (a, b) => [number(1), node('negate', node('floor', over(a, b)))],
  },
  /** −1, 0 or 1. */
  sign: {
    type: one,
    value: Math.sign,
    range: intervals.nondecreasing(Math.sign),
    growth: homogeneous(0),
    extended: ({ mantissa }) => extended.extended(Math.sign(mantissa)),
    parity: 'odd',
  },
  /** 1 where the argument is positive, else 0. */
  step: {
    type: one,
    value: (a) => (a > 0 ? 1 : 0),
    range: (a) => (intervals.isPositive(a) ? intervals.point(1) : intervals.unit),
    growth: homogeneous(0),
    extended: ({ mantissa }) => extended.extended(mantissa > 0 ? 1 : 0),
  },
  floor: {
    type: one,
    call: { parameters: 'a' },
    value: Math.floor,
    range: intervals.nondecreasing(Math.floor),
    growth: maskOnly,
  },
  min: {
    type: two,
    call: { parameters: 'a, b' },
    value: (a, b) => Math.min(a, b),
    range: intervals.min,
    growth: choice,
    extended: extended.smaller,
    derivative: (a, b) => [minus(number(1), node('step', minus(a, b))), node('step', minus(a, b))],
    identity: (a, b) => times(number(0.5), minus(plus(a, b), node('abs', minus(a, b)))),
    roundings: () => 6,
  },
  max: {
    type: two,
    call: { parameters: 'a, b' },
    value: (a, b) => Math.max(a, b),
    range: intervals.max,
    growth: choice,
    extended: extended.larger,
    derivative: (a, b) => [minus(number(1), node('step', minus(b, a))), node('step', minus(b, a))],
    identity: (a, b) => times(number(0.5), plus(plus(a, b), node('abs', minus(a, b)))),
    roundings: () => 6,
  },
} satisfies Record<string, ScalarOperator>
