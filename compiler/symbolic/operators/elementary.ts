/** Elementary functions of one number, and the error function. */
import type { Expression } from '../expression.ts'
import * as extended from '../extended.ts'
import * as intervals from '../interval.ts'
import { increasing } from '../interval.ts'
import type { Interval } from '../interval.ts'
import { erf } from '../special.ts'
import { halfExponential, linearAtZero } from './far-out.ts'
import { bounded, exponential, homogeneous, power } from './growth.ts'
import { minus, node, number, over, plus, square, times } from './nodes.ts'
import { elementwise } from './operator.ts'
import type { ScalarOperator } from './operator.ts'

const type = elementwise(1)
const call = { parameters: 'a' }

const nonnegativePart = (a: Interval): Interval => intervals.max(a, intervals.point(0))

/** ½(1 + exp(−2|x|)), which times exp(|x|) is cosh x. */
const coshCoefficient = (x: Expression): Expression =>
  times(number(0.5), plus(node('exp', times(number(-2), node('abs', x))), number(1)))

/** 1/(2√x), and 0 at 0: the root of a sum of squares, which is a length, hands on nothing where these are zeros. */
const rootSlope = (x: Expression): Expression =>
  over(times(number(0.5), node('step', x)), node('max', node('sqrt', x), number(smallestRoot)))

/** The root of the smallest number of f32 that no device takes for 0. */
const smallestRoot = 2 ** -63

/** The records, by name. */
export const elementary = {
  exp: {
    type,
    call,
    value: Math.exp,
    range: increasing(Math.exp),
    growth: exponential((x) => ({ coefficient: number(1), exponent: x })),
    extended: (a) => extended.exponential(extended.toNumber(a)),
    derivative: (x) => [node('exp', x)],
    roundings: (x) => 6 + 4 * Math.abs(x),
  },
  log: {
    type,
    call,
    value: Math.log,
    range: (a) => increasing(Math.log)(nonnegativePart(a)),
    // The logarithm of the coefficient grows as a power at most: no exponent is left in it.
    growth: power(({ coefficient, exponent }) => [
      { coefficient: node('log', coefficient) },
      { unsplit: exponent },
    ]),
    extended: (a) => extended.extended(extended.logarithm(a)),
    derivative: (x) => [over(number(1), x)],
  },
  sqrt: {
    type,
    call,
    value: Math.sqrt,
    range: (a) => increasing(Math.sqrt)(nonnegativePart(a)),
    growth: homogeneous(0.5),
    extended: extended.squareRoot,
    derivative: (x) => [rootSlope(x)],
    roundings: () => 6,
  },
  abs: {
    type,
    call,
    value: Math.abs,
    range: intervals.abs,
    growth: homogeneous(1),
    extended: ({ mantissa, log }) => ({ mantissa: Math.abs(mantissa), log }),
    parity: 'even',
    derivative: (a) => [node('sign', a)],
    roundings: () => 6,
  },
  sin: {
    type,
    call,
    value: Math.sin,
    range: intervals.sin,
    growth: bounded,
    extended: linearAtZero(Math.sin),
    parity: 'odd',
    derivative: (x) => [node('cos', x)],
  },
  cos: {
    type,
    call,
    value: Math.cos,
    range: intervals.cos,
    growth: bounded,
    parity: 'even',
    derivative: (x) => [node('negate', node('sin', x))],
  },
  tanh: {
    type,
    call,
    value: Math.tanh,
    range: increasing(Math.tanh),
    growth: bounded,
    extended: linearAtZero(Math.tanh),
    parity: 'odd',
    derivative: (x) => [minus(number(1), square(node('tanh', x)))],
    identity: (x) => minus(times(number(2), node('sigmoid', times(number(2), x))), number(1)),
  },
  sinh: {
    type,
    call,
    value: Math.sinh,
    range: increasing(Math.sinh),
    growth: exponential((x) => ({
      coefficient: times(node('tanh', x), coshCoefficient(x)),
      exponent: node('abs', x),
    })),
    extended: halfExponential(linearAtZero(Math.sinh), 'odd'),
    parity: 'odd',
    derivative: (x) => [node('cosh', x)],
    identity: (x) => times(number(0.5), minus(node('exp', x), node('exp', node('negate', x)))),
  },
  cosh: {
    type,
    call,
    value: Math.cosh,
    range: (a) => increasing(Math.cosh)(intervals.abs(a)),
    growth: exponential((x) => ({ coefficient: coshCoefficient(x), exponent: node('abs', x) })),
    extended: halfExponential((a) => extended.extended(Math.cosh(extended.toNumber(a))), 'even'),
    parity: 'even',
    derivative: (x) => [node('sinh', x)],
    identity: (x) => times(number(0.5), plus(node('exp', x), node('exp', node('negate', x)))),
  },
  /** Not callable: derivatives and growths are written with it. */
  erf: {
    type,
    value: erf,
    range: increasing(erf),
    growth: bounded,
    parity: 'odd',
    derivative: (x) => [times(number(2 / Math.sqrt(Math.PI)), node('exp', node('negate', square(x))))],
  },
} satisfies Record<string, ScalarOperator>
