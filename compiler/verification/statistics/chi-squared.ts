/** The χ² distribution, and how far a sample is from it. */

/** P(X ≤ x) for X ~ χ² of these degrees of freedom: the regularised incomplete gamma function P(k/2, x/2). */
export function chiSquaredBelow(x: number, freedom: number): number {
  if (x <= 0) return 0
  const a = freedom / 2
  const y = x / 2
  const front = Math.exp(a * Math.log(y) - y - logGamma(a))
  return y < a + 1 ? front * series(a, y) : 1 - front * continuedFraction(a, y)
}

/** The largest distance between the sample's distribution function and the given one. */
export function kolmogorovDistance(sample: readonly number[], below: (x: number) => number): number {
  const sorted = [...sample].sort((left, right) => left - right)
  const n = sorted.length
  return sorted.reduce((distance, x, index) => {
    const p = below(x)
    return Math.max(distance, Math.abs(p - index / n), Math.abs((index + 1) / n - p))
  }, 0)
}

/** The distance that a sample of n passes with probability p at most (Massart, 1990). */
export const kolmogorovThreshold = (p: number, n: number): number => Math.sqrt(Math.log(2 / p) / (2 * n))

/** y^a e^−y/Γ(a) times this is P(a, y), for y < a + 1. */
function series(a: number, y: number): number {
  let term = 1 / a
  let sum = term
  for (let n = 1; n < 1000 && term > sum * 1e-16; n++) {
    term *= y / (a + n)
    sum += term
  }
  return sum
}

/** The same of 1 − P(a, y), for larger y (Lentz's method). */
function continuedFraction(a: number, y: number): number {
  let b = y + 1 - a
  let c = 1e300
  let d = 1 / b
  let h = d
  for (let n = 1; n < 1000; n++) {
    const an = -n * (n - a)
    b += 2
    d = 1 / nonzero(an * d + b)
    c = nonzero(b + an / c)
    const change = d * c
    h *= change
    if (Math.abs(change - 1) < 1e-15) break
  }
  return h
}

const nonzero = (value: number): number => (Math.abs(value) < 1e-300 ? 1e-300 : value)

/** Stirling's series, after stepping up to where it is good to 1e-14. */
function logGamma(x: number): number {
  let shift = 0
  while (x < 12) shift -= Math.log(x++)
  const z = 1 / (x * x)
  const tail = (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z / 1680))) / x
  return shift + (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + tail
}
