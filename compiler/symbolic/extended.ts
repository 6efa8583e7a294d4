/**
 * Numbers with the precision of float64 and a far wider range.
 *
 *     value = mantissa · exp(log)
 *
 * The exponential of ±1e9 is an ordinary number here, so that a feature such as
 * exp(w·x − x·x/2) is what it says at any norm of its row, and no maximum need
 * be subtracted anywhere for the sake of range. Numbers that no exponential
 * touched have log 0 and are plain doubles.
 *
 * Invariant: a finite mantissa is 0 (and then log is 0) or lies between 1e-150
 * and 1e150, so that one product or quotient of mantissas is exact in range.
 */
export interface Extended {
  readonly mantissa: number
  readonly log: number
}

/** The largest finite mantissa. */
export const LARGEST = 1e150
/** The smallest mantissa other than 0. */
export const SMALLEST = 1e-150

/** Any mantissa and log, brought under the invariant. */
export function extended(mantissa: number, log = 0): Extended {
  const size = Math.abs(mantissa)
  if (size >= SMALLEST && size <= LARGEST) return { mantissa, log }
  if (size > 0 && size < Infinity) return { mantissa: Math.sign(mantissa), log: log + Math.log(size) }
  return { mantissa, log: 0 }
}

/** 0, which has no logarithm: its log is 0 by convention. */
export const zero: Extended = { mantissa: 0, log: 0 }

/** The nearest double: ±Infinity or 0 where the range of float64 ends. */
export function toNumber({ mantissa, log }: Extended): number {
  if (log === 0) return mantissa
  // In two steps: exp(log) alone may overflow although the product does not.
  const half = Math.exp(log / 2)
  return mantissa * half * half
}

/** exp of a plain double. */
export function exponential(exponent: number): Extended {
  if (exponent === -Infinity) return zero
  return Number.isFinite(exponent) ? { mantissa: 1, log: exponent } : extended(exponent)
}

/** log of a positive number, a plain double whatever the number's range. */
export const logarithm = ({ mantissa, log }: Extended): number => Math.log(mantissa) + log

/** a·b. */
export const multiply = (a: Extended, b: Extended): Extended =>
  extended(a.mantissa * b.mantissa, a.log + b.log)

/** a/b. */
export const divide = (a: Extended, b: Extended): Extended => extended(a.mantissa / b.mantissa, a.log - b.log)

/** −a. */
export const negate = ({ mantissa, log }: Extended): Extended => ({ mantissa: -mantissa, log })

/**
 * The smaller log is aligned to the larger. What then underflows was below
 * 1e-17 of the sum: mantissas are at most 300 decades apart, exp(−745) is 323.
 */
export function add(a: Extended, b: Extended): Extended {
  if (a.log === b.log) return extended(a.mantissa + b.mantissa, a.log)
  if (a.mantissa === 0) return b
  if (b.mantissa === 0) return a
  return a.log > b.log
    ? extended(a.mantissa + b.mantissa * Math.exp(b.log - a.log), a.log)
    : extended(b.mantissa + a.mantissa * Math.exp(a.log - b.log), b.log)
}

/** a − b. */
export const subtract = (a: Extended, b: Extended): Extended => add(a, negate(b))

/** a to a plain power c; a negative base takes an integer c, as everywhere. */
export function power(a: Extended, c: number): Extended {
  const mantissa = a.mantissa ** c
  if (mantissa !== 0 && Number.isFinite(mantissa)) return extended(mantissa, a.log * c)
  if (a.mantissa === 0 || !Number.isFinite(a.mantissa) || Number.isNaN(mantissa)) return extended(mantissa)
  return { mantissa: Math.sign(a.mantissa) ** c, log: c * (Math.log(Math.abs(a.mantissa)) + a.log) }
}

/** √a. */
export const squareRoot = ({ mantissa, log }: Extended): Extended => extended(Math.sqrt(mantissa), log / 2)

/** NaN where either is NaN, as Math.max. */
export function larger(a: Extended, b: Extended): Extended {
  const difference = subtract(a, b).mantissa
  if (Number.isNaN(difference)) return extended(Math.max(a.mantissa, b.mantissa))
  return difference >= 0 ? a : b
}

/** The smaller of two numbers; NaN if either is NaN. */
export const smaller = (a: Extended, b: Extended): Extended => negate(larger(negate(a), negate(b)))
