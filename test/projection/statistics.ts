// Each statistical test has a fixed seed, so it passes or fails for good; the thresholds are those at which a
// right program would fail about once in a million choices of the seed.

/** |z| of a right program stays below it but for 6 in 10⁷ seeds. */
export const Z_LIMIT = 5

/** Kolmogorov's statistic √n·D of a right program stays below it but for 9 in 10⁷ seeds: 2·exp(−2·2.7²). */
export const KOLMOGOROV_LIMIT = 2.7

/** √n times the largest distance between the samples' distribution and the one claimed. */
export function kolmogorov(samples: ArrayLike<number>, distribution: (x: number) => number): number {
  const sorted = Float64Array.from(samples).sort()
  let distance = 0
  sorted.forEach((x, i) => {
    const claimed = distribution(x)
    distance = Math.max(distance, (i + 1) / sorted.length - claimed, claimed - i / sorted.length)
  })
  return distance * Math.sqrt(sorted.length)
}

/** How many standard errors the samples' mean lies from the one claimed. */
export function standardErrors(samples: ArrayLike<number>, claimed: number): number {
  const values = Float64Array.from(samples)
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1)
  return (mean - claimed) / Math.sqrt(variance / values.length)
}

/** The standard normal distribution function: the series Φ(x) = ½ + φ(x)·Σ x^(2n+1)/(2n+1)!!, and 0 or 1 far out. */
export function normalDistribution(x: number): number {
  if (Math.abs(x) > 8) return x < 0 ? 0 : 1
  let term = x
  let sum = 0
  for (let n = 1; sum + term !== sum; n += 2) {
    sum += term
    term *= (x * x) / (n + 2)
  }
  return 0.5 + (Math.exp(-(x * x) / 2) / Math.sqrt(2 * Math.PI)) * sum
}

/** The χ² distribution function for an even number of degrees of freedom: a Poisson tail. */
export function chiSquaredDistribution(x: number, degrees: number): number {
  let term = Math.exp(-x / 2)
  let sum = 0
  for (let k = 1; k <= degrees / 2; k++) {
    sum += term
    term *= x / 2 / k
  }
  return 1 - sum
}
