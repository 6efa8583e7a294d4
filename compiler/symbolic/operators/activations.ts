/** The activation functions of the papers. */
import type { Expression } from '../expression.ts'
import { zero } from '../extended.ts'
import { increasing, interval, isNonnegative, max, point } from '../interval.ts'
import type { Interval } from '../interval.ts'
import * as special from '../special.ts'
import * as farOut from './far-out.ts'
import { homogeneous, power, vanishing } from './growth.ts'
import type { ScaledArgument, Split } from './growth.ts'
import { minus, node, number, over, plus, times } from './nodes.ts'
import { elementwise } from './operator.ts'
import type { ScalarOperator } from './operator.ts'

const type = elementwise(1)
const call = { parameters: 'a' }

const elu = (x: number): number => (x > 0 ? x : Math.expm1(x))
const silu = (x: number): number => (x === -Infinity ? 0 : x * special.sigmoid(x))

/** Least values of silu and gelu, rounded down. */
const siluLeast = -0.278464543
const geluLeast = -0.169971208

/** Range of a function that falls from 0 to `least` and then rises through 0. */
const dipping =
  (f: (x: number) => number, least: number) =>
  (a: Interval): Interval =>
    isNonnegative(a) ? increasing(f)(a) : interval(least, Math.max(f(a.high), 0))

/** relu v = relu(c) · exp(E). The whole v stays out of it, so that nested functions do not double. */
const positivePart = ({ coefficient, exponent }: ScaledArgument): Split => ({
  coefficient: node('relu', coefficient),
  exponent,
})

/** 1 + erf(x/√2) = 2Φ(x), where Φ is the normal distribution function. */
const normalBelowTwice = (x: Expression): Expression =>
  plus(number(1), node('erf', over(x, number(Math.SQRT2))))
/** The density of the normal distribution. */
const normalDensity = (x: Expression): Expression =>
  times(number(1 / Math.sqrt(2 * Math.PI)), node('exp', times(number(-0.5), node('power', x, number(2)))))

/** The exponent of what is exp x far below 0, and stays there above it. */
const below = (x: Expression): Expression => node('min', x, number(0))
/** From here on log(1 + exp x) is exp x to the last digit of a double. */
const purelyExponential = -40

const sigmoid = (x: Expression): Expression => node('sigmoid', x)
const sigmoidSlope = (x: Expression): Expression => times(sigmoid(x), sigmoid(node('negate', x)))

/** The records, by name. */
export const activations = {
  relu: {
    type,
    call,
    value: (x) => Math.max(x, 0),
    range: (a) => max(a, point(0)),
    growth: homogeneous(1),
    extended: (a) => (a.mantissa <= 0 ? zero : a),
    derivative: (x) => [node('step', x)],
    identity: (x) => times(number(0.5), plus(x, node('abs', x))),
    roundings: () => 6,
  },
  /** x for x > 0, else exp(x) − 1. */
  elu: {
    type,
    call,
    value: elu,
    range: increasing(elu),
    growth: power((v) => [positivePart(v), { coefficient: node('elu', node('min', v.whole, number(0))) }]),
    extended: (a) => (a.mantissa > 0 ? a : farOut.linearAtZero(Math.expm1)(a)),
    derivative: (x) => [node('exp', node('min', x, number(0)))],
    identity: (x) => minus(plus(node('relu', x), node('exp', node('min', x, number(0)))), number(1)),
  },
  /** x·Φ(x), the exact form. */
  gelu: {
    type,
    call,
    value: special.gelu,
    range: dipping(special.gelu, geluLeast),
    growth: power(({ coefficient, exponent, whole }) => [
      { coefficient: times(number(0.5), times(coefficient, normalBelowTwice(whole))), exponent },
    ]),
    extended: farOut.gelu,
    derivative: (x) => [plus(times(number(0.5), normalBelowTwice(x)), times(x, normalDensity(x)))],
    identity: (x) => times(number(0.5), times(x, normalBelowTwice(x))),
  },
  /** 1/(1 + exp(−x)). */
  sigmoid: {
    type,
    call,
    value: special.sigmoid,
    range: increasing(special.sigmoid),
    growth: vanishing((x) => ({ coefficient: sigmoid(node('abs', x)), exponent: below(x) })),
    extended: farOut.sigmoid,
    derivative: (x) => [sigmoidSlope(x)],
    identity: (x) => over(number(1), plus(number(1), node('exp', node('negate', x)))),
  },
  /** x·sigmoid(x). */
  silu: {
    type,
    call,
    value: silu,
    range: dipping(silu, siluLeast),
    growth: power(
      ({ coefficient, exponent, whole }) => [{ coefficient: times(coefficient, sigmoid(whole)), exponent }],
      (x) => ({ coefficient: times(x, sigmoid(node('abs', x))), exponent: below(x) }),
    ),
    extended: farOut.silu,
    derivative: (x) => [plus(sigmoid(x), times(x, sigmoidSlope(x)))],
    identity: (x) => times(x, sigmoid(x)),
  },
  /** log(1 + exp x) = relu x + softplus(−|x|). */
  softplus: {
    type,
    call,
    value: special.softplus,
    range: increasing(special.softplus),
    growth: power(
      (v) => [positivePart(v), { coefficient: node('softplus', node('negate', node('abs', v.whole))) }],
      (x) => {
        const near = node('max', x, number(purelyExponential))
        const share = node('exp', node('negate', below(near)))
        return { coefficient: times(node('softplus', near), share), exponent: below(x) }
      },
    ),
    extended: farOut.softplus,
    derivative: (x) => [sigmoid(x)],
    identity: (x) => node('log', plus(number(1), node('exp', x))),
  },
} satisfies Record<string, ScalarOperator>
