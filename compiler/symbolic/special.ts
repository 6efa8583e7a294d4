/**
 * The functions of float64 that `Math` lacks, each accurate to a few units in
 * the last place over the whole line, with no overflow on the way.
 */

/**
 * erf by its Maclaurin series where it converges quickly without cancellation,
 * and by the continued fraction of erfc beyond.
 */
export function erf(x: number): number {
  const size = Math.abs(x)
  if (Number.isNaN(x)) return Number.NaN
  if (size < 2.5) return erfSeries(x)
  return size > 6 ? Math.sign(x) : Math.sign(x) * (1 - erfcFraction(size))
}

/** erf x = 2/√π · exp(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n+1)): all terms have one sign. */
function erfSeries(x: number): number {
  const square = x * x
  let term = x
  let sum = x
  for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(sum); odd += 2) {
    term *= (2 * square) / odd
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-square) * sum
}

/** erfc x = exp(−x²)/√π · 1/(x + ½/(x + 1/(x + 3⁄2/(x + …)))), for x ≥ 2.5. */
function erfcFraction(x: number): number {
  let denominator = x
  for (let step = 80; step > 0; step--) denominator = x + step / 2 / denominator
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * denominator)
}

/** 1 − erf x, with its own relative accuracy where erf x is near 1. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x)
  return x < 2.5 ? 1 - erfSeries(x) : erfcFraction(x)
}

/** 1/(1 + exp(−x)). */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x))
  const growth = Math.exp(x)
  return growth / (1 + growth)
}

/** log(1 + exp x) = max(x, 0) + log(1 + exp(−|x|)). */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
}

/** x·Φ(x), Φ the normal distribution function. */
export function gelu(x: number): number {
  if (x === -Infinity) return 0
  return (x / 2) * erfc(-x / Math.SQRT2)
}

/** The remainder with the sign of the divisor: a − b·⌊a/b⌋. */
export function modulo(a: number, b: number): number {
  const remainder = a % b
  return remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder
}
