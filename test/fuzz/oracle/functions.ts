// The functions of the language on numbers of any magnitude, each as its definition has it.
import {
  add,
  chosen,
  divide,
  exponential,
  multiply,
  negate,
  sum,
  through,
  unit,
  valueOf,
  errorOf,
  wide,
  zero,
} from './wide.ts'
import type { Wide } from './wide.ts'

const one = wide(1)
const half = (a: Wide): Wide => multiply(wide(0.5), a)

/** 1 / (1 + exp(−x)) */
const sigmoid = (a: Wide): Wide => divide(one, add(one, exponential(negate(a))))

/** log(1 + exp(x)), which is exp(x) where that is small. */
const softplus = (a: Wide): Wide =>
  valueOf(a) < -20 ? exponential(a) : through((x) => (x > 30 ? x : Math.log1p(Math.exp(x))), a)

const elu = (a: Wide): Wide => through((x) => (x > 0 ? x : Math.expm1(x)), a)

/** elu(x) + c loses nothing where exp(x) is all that is left of it. */
export const eluPlus = (a: Wide, added: number): Wide =>
  valueOf(a) > 0 ? add(a, wide(added)) : add(exponential(a), wide(added - 1))

/** 1 − erf(z): by the series of erf near 0, by a continued fraction beyond. */
function complement(z: number): number {
  if (z < 0) return 2 - complement(-z)
  if (z < 2) {
    let [term, total] = [z, z]
    for (let n = 1; n < 60; n++) {
      term *= -(z * z) / n
      total += term / (2 * n + 1)
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * total
  }
  let tail = 0
  for (let n = 60; n > 0; n--) tail = n / 2 / (z + tail)
  return Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + tail)
}

/** x·Φ(x) */
const gelu = (a: Wide): Wide => through((x) => x * 0.5 * complement(-x / Math.SQRT2), a)

const hyperbolic =
  (sign: 1 | -1, f: (x: number) => number) =>
  (a: Wide): Wide =>
    Math.abs(valueOf(a)) < 1
      ? through(f, a)
      : half(add(exponential(a), multiply(wide(sign), exponential(negate(a)))))

function root(a: Wide): Wide {
  if (a.mantissa === 0) return wide(0, Math.sqrt(errorOf(a)))
  const mantissa = Math.sqrt(a.mantissa)
  return wide(
    mantissa,
    Math.min(a.error / mantissa, Math.sqrt(a.error)) + 3 * unit * mantissa,
    a.exponent / 2,
  )
}

function logarithm(a: Wide): Wide {
  const value = Math.log(a.mantissa) + a.exponent
  const relative = a.error / Math.abs(a.mantissa)
  return wide(value, (relative < 1 ? -Math.log1p(-relative) : Infinity) + unit * (8 * Math.abs(value) + 8))
}

function power(a: Wide, b: Wide): Wide {
  const exponent = valueOf(b)
  if (Number.isInteger(exponent) && Math.abs(exponent) <= 16) {
    let product = one
    for (let n = 0; n < Math.abs(exponent); n++) product = multiply(product, a)
    return exponent < 0 ? divide(one, product) : product
  }
  return through((x) => x ** exponent, a)
}

const magnitude = (a: Wide): Wide => (a.mantissa < 0 ? negate(a) : a)

/** By the names that operators have in a checked spec. */
export const functions: Readonly<Record<string, (...numbers: Wide[]) => Wide>> = {
  add: (a, b) => add(a, b),
  subtract: (a, b) => add(a, negate(b)),
  multiply: (a, b) => multiply(a, b),
  divide: (a, b) => divide(a, b),
  negate: (a) => negate(a),
  power: (a, b) => power(a, b),
  abs: (a) => magnitude(a),
  min: (a, b) => chosen(a, b, false),
  max: (a, b) => chosen(a, b, true),
  relu: (a) => chosen(a, zero, true),
  exp: (a) => exponential(a),
  log: (a) => logarithm(a),
  sqrt: (a) => root(a),
  sin: (a) => through(Math.sin, a),
  cos: (a) => through(Math.cos, a),
  tanh: (a) => through(Math.tanh, a),
  sinh: (a) => hyperbolic(-1, Math.sinh)(a),
  cosh: (a) => hyperbolic(1, Math.cosh)(a),
  elu: (a) => elu(a),
  gelu: (a) => gelu(a),
  sigmoid: (a) => sigmoid(a),
  silu: (a) => multiply(a, sigmoid(a)),
  softplus: (a) => softplus(a),
}

export type Row = readonly Wide[]

export const dot = (a: Row, b: Row): Wide => sum(a.map((entry, at) => multiply(entry, b[at]!)))
export const largest = (a: Row): Wide => a.reduce((most, entry) => chosen(most, entry, true))

/** As above, of functions that see whole rows. */
export const rowFunctions: Readonly<Record<string, (...rows: Row[]) => Wide | Row>> = {
  dot: (a, b) => dot(a, b),
  sum: (a) => sum(a),
  mean: (a) => divide(sum(a), wide(a.length)),
  norm: (a) => root(dot(a, a)),
  maximum: (a) => largest(a),
  softmax: (a) => {
    const weights = a.map(exponential)
    const total = sum(weights)
    return weights.map((weight) => divide(weight, total))
  },
  outer: (a, b) => a.flatMap((left) => b.map((right) => multiply(left, right))),
}
