/* oxlint-disable typescript/no-non-null-assertion -- loop bounds keep every index inside its array */
// Normal numbers that come out bit-identical on every JavaScript engine. ECMAScript leaves the accuracy of
// Math.log, cos, exp and pow to the engine, so only + − · / and Math.sqrt are used, which IEEE 754 rounds correctly.
import { type Stream, wordsAt } from './counter.ts'

/** A polynomial's value, coefficients from the highest power down. */
function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0
  // By index: most of a first drawing runs before it is compiled, when an iterator would take half of its time.
  for (let power = 0; power < coefficients.length; power++) value = value * x + coefficients[power]!
  return value
}

// Wichura's rational approximations (AS 241, PPND16): |p − ½| ≤ 0.425, the near tail and the far tail.
const CENTRE_NUMERATOR = [
  2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
  13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
]
const CENTRE_DENOMINATOR = [
  5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
  5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1,
]
const NEAR_NUMERATOR = [
  7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
  3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734,
]
const NEAR_DENOMINATOR = [
  1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
  0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1,
]
const FAR_NUMERATOR = [
  2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
  0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772,
]
const FAR_DENOMINATOR = [
  2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
  0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1,
]

/** 1/(2n + 1) from n = 10 down: the series of atanh(s)/s in powers of s². */
const ATANH_SERIES = [1 / 21, 1 / 19, 1 / 17, 1 / 15, 1 / 13, 1 / 11, 1 / 9, 1 / 7, 1 / 5, 1 / 3, 1]

/** −ln p for 0 < p < 1: p = m·2^−e with m in [√½, √2), then ln m = 2·atanh((m − 1)/(m + 1)). */
function negativeLogarithm(p: number): number {
  let mantissa = p
  let exponent = 0
  while (mantissa < Math.SQRT1_2) {
    mantissa *= 2
    exponent++
  }
  const s = (mantissa - 1) / (mantissa + 1)
  return exponent * Math.LN2 - 2 * s * polynomial(ATANH_SERIES, s * s)
}

/**
 * The x at which the standard normal distribution function is p: Wichura, "Algorithm AS 241: the percentage
 * points of the normal distribution" (Applied Statistics 37, 1988), within 1e-15 of it relatively.
 *
 * @param p in (0, 1); 0 and 1 are not guarded against
 */
export function normalQuantile(p: number): number {
  const q = p - 0.5
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q
    return (q * polynomial(CENTRE_NUMERATOR, r)) / polynomial(CENTRE_DENOMINATOR, r)
  }
  const r = Math.sqrt(negativeLogarithm(q < 0 ? p : 1 - p))
  const tail =
    r <= 5
      ? polynomial(NEAR_NUMERATOR, r - 1.6) / polynomial(NEAR_DENOMINATOR, r - 1.6)
      : polynomial(FAR_NUMERATOR, r - 5) / polynomial(FAR_DENOMINATOR, r - 5)
  return q < 0 ? -tail : tail
}

/**
 * 52 random bits as an odd multiple of 2^−53 in (0, 1). It is exact, never 0, ½ or 1, and 1 − it is such a
 * number too: the normal numbers made from it are symmetric, never 0, and reach ±8.2.
 */
function oddFraction(high: number, low: number): number {
  return (((high >>> 6) * 0x400_0000 + (low >>> 6)) * 2 + 1) / 0x20_0000_0000_0000
}

/** Fills an array with the first independent N(0, 1) numbers of a stream, two from each call of the generator. */
export function fillNormal(target: Float64Array, stream: Stream): Float64Array {
  for (let i = 0; i < target.length; i += 2) {
    const words = wordsAt(stream, i / 2)
    target[i] = normalQuantile(oddFraction(words[0], words[1]))
    // Outside a typed array's end an assignment does nothing: an odd length just drops the last number.
    target[i + 1] = normalQuantile(oddFraction(words[2], words[3]))
  }
  return target
}
