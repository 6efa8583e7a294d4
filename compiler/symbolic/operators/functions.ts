/** Transcendental functions and the activations of the papers. */
import { abs, cos, increasing, interval, isNonnegative, max, point, sin } from '../interval.ts'
import type { Interval } from '../interval.ts'
import { erf, gelu, sigmoid, softplus } from '../special.ts'
import type { Expression } from '../expression.ts'
import { minus, node, number, over, plus, square, times } from './nodes.ts'
import { elementwise } from './operator.ts'
import type { ScalarOperator } from './operator.ts'

const type = elementwise(1)

const elu = (x: number): number => (x > 0 ? x : Math.expm1(x))
const silu = (x: number): number => (x === -Infinity ? 0 : x * sigmoid(x))

/** Least values of silu and gelu, rounded down. */
const siluLeast = -0.278464543
const geluLeast = -0.169971208

/** For a function that falls from 0 to `least` and then rises through 0. */
const dipping =
  (f: (x: number) => number, least: number) =>
  (a: Interval): Interval =>
    isNonnegative(a) ? increasing(f)(a) : interval(least, Math.max(f(a.high), 0))

const nonnegativePart = (a: Interval): Interval => max(a, point(0))

/** Φ(x) and its density, of the normal distribution. */
const normalBelow = (x: Expression): Expression =>
  times(number(0.5), plus(number(1), node('erf', times(number(Math.SQRT1_2), x))))
const normalDensity = (x: Expression): Expression =>
  times(number(1 / Math.sqrt(2 * Math.PI)), node('exp', times(number(-0.5), square(x))))

export const functions = {
  exp: { type, value: Math.exp, range: increasing(Math.exp), derivative: (x) => [node('exp', x)] },
  log: {
    type,
    value: Math.log,
    range: (a) => increasing(Math.log)(nonnegativePart(a)),
    derivative: (x) => [over(number(1), x)],
  },
  sqrt: {
    type,
    value: Math.sqrt,
    range: (a) => increasing(Math.sqrt)(nonnegativePart(a)),
    derivative: (x) => [over(number(0.5), node('sqrt', x))],
  },
  sin: { type, value: Math.sin, range: sin, parity: 'odd', derivative: (x) => [node('cos', x)] },
  cos: {
    type,
    value: Math.cos,
    range: cos,
    parity: 'even',
    derivative: (x) => [node('negate', node('sin', x))],
  },
  tanh: {
    type,
    value: Math.tanh,
    range: increasing(Math.tanh),
    parity: 'odd',
    derivative: (x) => [minus(number(1), square(node('tanh', x)))],
  },
  sinh: {
    type,
    value: Math.sinh,
    range: increasing(Math.sinh),
    parity: 'odd',
    derivative: (x) => [node('cosh', x)],
  },
  cosh: {
    type,
    value: Math.cosh,
    range: (a) => increasing(Math.cosh)(abs(a)),
    parity: 'even',
    derivative: (x) => [node('sinh', x)],
  },
  erf: {
    type,
    value: erf,
    range: increasing(erf),
    parity: 'odd',
    derivative: (x) => [times(number(2 / Math.sqrt(Math.PI)), node('exp', node('negate', square(x))))],
  },
  relu: { type, value: (x) => Math.max(x, 0), range: nonnegativePart, derivative: (x) => [node('step', x)] },
  /** x for x > 0, else exp(x) − 1. */
  elu: {
    type,
    value: elu,
    range: increasing(elu),
    derivative: (x) => [node('exp', node('min', x, number(0)))],
  },
  /** x·Φ(x), the exact form. */
  gelu: {
    type,
    value: gelu,
    range: dipping(gelu, geluLeast),
    derivative: (x) => [plus(normalBelow(x), times(x, normalDensity(x)))],
  },
  sigmoid: {
    type,
    value: sigmoid,
    range: increasing(sigmoid),
    derivative: (x) => [times(node('sigmoid', x), node('sigmoid', node('negate', x)))],
  },
  /** x·sigmoid(x). */
  silu: {
    type,
    value: silu,
    range: dipping(silu, siluLeast),
    derivative: (x) => [
      plus(node('sigmoid', x), times(x, times(node('sigmoid', x), node('sigmoid', node('negate', x))))),
    ],
  },
  softplus: { type, value: softplus, range: increasing(softplus), derivative: (x) => [node('sigmoid', x)] },
} satisfies Record<string, ScalarOperator>
