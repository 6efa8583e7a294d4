/**
 * Operators of the language on extended-range numbers.
 *
 * Here stand those for which range matters: what grows or dies away as an
 * exponential, and what passes a number of any size through. Every other scalar
 * operator is its own record's `value` on the nearest doubles (`evaluate.ts`).
 */
import { erfc, sigmoid as plainSigmoid, softplus as plainSoftplus } from '../symbolic/special.ts'
import {
  add,
  divide,
  exponential,
  extended,
  larger,
  logarithm,
  multiply,
  negate,
  power,
  smaller,
  squareRoot,
  subtract,
  toNumber,
  zero,
} from './extended.ts'
import type { Extended } from './extended.ts'

/** Beyond this, exp(−|x|) no longer adds to 1, and exp(|x|) is about to overflow. */
const FAR = 700

const unary: Readonly<Record<string, (a: Extended) => Extended>> = {
  negate,
  sqrt: squareRoot,
  exp: (a) => exponential(toNumber(a)),
  log: (a) => extended(logarithm(a)),
  abs: ({ mantissa, log }) => ({ mantissa: Math.abs(mantissa), log }),
  relu: (a) => (a.mantissa <= 0 ? zero : a),
  sigmoid,
  silu: (a) => multiply(a, sigmoid(a)),
  gelu: (a) => multiply(a, normalDistribution(toNumber(a))),
  softplus(a) {
    const x = toNumber(a)
    if (x > FAR) return a
    return x < -FAR ? exponential(x) : extended(plainSoftplus(x))
  },
  elu: (a) => (a.mantissa > 0 ? a : linearAtZero(a, Math.expm1)),
  tanh: (a) => linearAtZero(a, Math.tanh),
  sin: (a) => linearAtZero(a, Math.sin),
  sinh: (a) =>
    farOut(a) ? { mantissa: Math.sign(a.mantissa) / 2, log: size(a) } : linearAtZero(a, Math.sinh),
  cosh: (a) => (farOut(a) ? { mantissa: 1 / 2, log: size(a) } : extended(Math.cosh(toNumber(a)))),
}

const binary: Readonly<Record<string, (a: Extended, b: Extended) => Extended>> = {
  add,
  subtract,
  multiply,
  divide,
  power: (a, b) => power(a, toNumber(b)),
  min: smaller,
  max: larger,
}

const size = (a: Extended): number => Math.abs(toNumber(a))
const farOut = (a: Extended): boolean => size(a) > FAR && size(a) < Infinity

/** A function with f(x) → x at 0, kept so where x is too small for a double. */
function linearAtZero(a: Extended, f: (x: number) => number): Extended {
  const x = toNumber(a)
  return x === 0 ? a : extended(f(x))
}

function sigmoid(a: Extended): Extended {
  const x = toNumber(a)
  return x < -FAR ? exponential(x) : extended(plainSigmoid(x))
}

/** Φ(x); far to the left by its asymptotic series, exp(−x²/2)/(|x|√2π) · (1 − 1/x² + 3/x⁴ − 15/x⁶ + …). */
function normalDistribution(x: number): Extended {
  if (x > -30) return extended(erfc(-x / Math.SQRT2) / 2)
  if (x === -Infinity) return zero
  const s = 1 / (x * x)
  const series = 1 - s * (1 - 3 * s * (1 - 5 * s * (1 - 7 * s * (1 - 9 * s))))
  return extended(series / (-x * Math.sqrt(2 * Math.PI)), (-x * x) / 2)
}

/** elu(a) + c. As written, elu(a) + 1 would cancel to nothing for a very negative a, where it is exp(a). */
export const eluPlus = (a: Extended, c: number): Extended =>
  a.mantissa > 0 ? add(a, extended(c)) : add(exponential(toNumber(a)), extended(c - 1))

/** By the operator's name; absent where doubles will do. */
export function extendedFunction(name: string): ((...args: Extended[]) => Extended) | undefined {
  const one = unary[name]
  if (one !== undefined) return (a = zero) => one(a)
  const two = binary[name]
  return two && ((a = zero, b = zero) => two(a, b))
}
