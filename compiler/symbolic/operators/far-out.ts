/** Values of functions on extended-range numbers: exact tails, and arguments beyond the range of doubles. */
import { exponential, extended, multiply, toNumber, zero } from '../extended.ts'
import type { Extended } from '../extended.ts'
import * as plain from '../special.ts'

/** Beyond this, exp(−|x|) no longer adds to 1, and exp(|x|) is about to overflow. */
const far = 700

/** A function with f(x) → x at 0: an argument too small for a double is its own value. */
export const linearAtZero =
  (f: (x: number) => number) =>
  (a: Extended): Extended => {
    const x = toNumber(a)
    return x === 0 ? a : extended(f(x))
  }

/** An even or odd function that is exp(|x|)/2 far out, with the sign of x if it is odd. */
export const halfExponential =
  (near: (a: Extended) => Extended, parity: 'even' | 'odd') =>
  (a: Extended): Extended => {
    const size = Math.abs(toNumber(a))
    if (size <= far || size === Infinity) return near(a)
    return { mantissa: (parity === 'odd' ? Math.sign(a.mantissa) : 1) / 2, log: size }
  }

/** 1/(1 + exp(−x)), which is exp(x) far to the left. */
export function sigmoid(a: Extended): Extended {
  const x = toNumber(a)
  return x < -far ? exponential(x) : extended(plain.sigmoid(x))
}

/** log(1 + exp x), which is exp(x) far to the left and x far to the right. */
export function softplus(a: Extended): Extended {
  const x = toNumber(a)
  if (x > far) return a
  return x < -far ? exponential(x) : extended(plain.softplus(x))
}

/** x·sigmoid(x). */
export const silu = (a: Extended): Extended => multiply(a, sigmoid(a))

/** x·Φ(x). */
export const gelu = (a: Extended): Extended => multiply(a, normalDistribution(toNumber(a)))

/** Φ(x); far to the left by its asymptotic series, exp(−x²/2)/(|x|√2π) · (1 − 1/x² + 3/x⁴ − 15/x⁶ + …). */
function normalDistribution(x: number): Extended {
  if (x > -30) return extended(plain.erfc(-x / Math.SQRT2) / 2)
  if (x === -Infinity) return zero
  const s = 1 / (x * x)
  const series = 1 - s * (1 - 3 * s * (1 - 5 * s * (1 - 7 * s * (1 - 9 * s))))
  return extended(series / (-x * Math.sqrt(2 * Math.PI)), (-x * x) / 2)
}
