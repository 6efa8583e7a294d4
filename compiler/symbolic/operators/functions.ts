/** Transcendental functions and the activations of the papers. */
import { abs, cos, increasing, interval, isNonnegative, max, point, sin } from '../interval.ts'
import type { Interval } from '../interval.ts'
import { erf, gelu, sigmoid, softplus } from '../special.ts'
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

export const functions = {
  exp: { type, value: Math.exp, range: increasing(Math.exp) },
  log: { type, value: Math.log, range: (a) => increasing(Math.log)(nonnegativePart(a)) },
  sqrt: { type, value: Math.sqrt, range: (a) => increasing(Math.sqrt)(nonnegativePart(a)) },
  sin: { type, value: Math.sin, range: sin, parity: 'odd' },
  cos: { type, value: Math.cos, range: cos, parity: 'even' },
  tanh: { type, value: Math.tanh, range: increasing(Math.tanh), parity: 'odd' },
  sinh: { type, value: Math.sinh, range: increasing(Math.sinh), parity: 'odd' },
  cosh: { type, value: Math.cosh, range: (a) => increasing(Math.cosh)(abs(a)), parity: 'even' },
  erf: { type, value: erf, range: increasing(erf), parity: 'odd' },
  relu: { type, value: (x) => Math.max(x, 0), range: nonnegativePart },
  /** x for x > 0, else exp(x) − 1. */
  elu: { type, value: elu, range: increasing(elu) },
  /** x·Φ(x), the exact form. */
  gelu: { type, value: gelu, range: dipping(gelu, geluLeast) },
  sigmoid: { type, value: sigmoid, range: increasing(sigmoid) },
  /** x·sigmoid(x). */
  silu: { type, value: silu, range: dipping(silu, siluLeast) },
  softplus: { type, value: softplus, range: increasing(softplus) },
} satisfies Record<string, ScalarOperator>
