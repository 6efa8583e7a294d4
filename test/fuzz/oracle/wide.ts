// Float64 numbers of any magnitude, each with a bound on what f32 arithmetic may make of it.

/** (mantissa ± error) · exp(exponent); what no exponential touched has exponent 0. */
export interface Wide {
  readonly mantissa: number
  readonly exponent: number
  readonly error: number
}

/** Half the distance of neighbouring f32 numbers, relatively. */
export const unit = 2 ** -24
/** What is smaller may be 0 in f32. */
const smallest = 2 ** -126

export const wide = (mantissa: number, error = 0, exponent = 0): Wide => ({ mantissa, exponent, error })
export const zero = wide(0)

/** An f32 number nearest to one that a file or a call gives. */
export const rounded = (value: number): Wide =>
  wide(value, value === Math.fround(value) ? 0 : unit * Math.abs(value))

export const valueOf = ({ mantissa, exponent }: Wide): number =>
  mantissa === 0 ? 0 : mantissa * Math.exp(exponent)
export const errorOf = ({ error, exponent }: Wide): number => (error === 0 ? 0 : error * Math.exp(exponent))

/** The same number beside exp(exponent). */
export function beside({ mantissa, error, exponent }: Wide, other: number): Wide {
  if (exponent === other) return { mantissa, error, exponent }
  const factor = mantissa === 0 && error === 0 ? 0 : Math.exp(exponent - other)
  return wide(mantissa * factor, error * factor, other)
}

/** Keeps mantissas where their products are doubles. */
function tidy(mantissa: number, error: number, exponent: number): Wide {
  const size = Math.abs(mantissa)
  if (size === 0 || (size > 1e-60 && size < 1e60) || !Number.isFinite(size))
    return wide(mantissa, error, exponent)
  return wide(Math.sign(mantissa), error / size, exponent + Math.log(size))
}

const isNothing = ({ mantissa, error }: Wide): boolean => mantissa === 0 && error === 0

/** Σ of the terms; f32 may add them in any order. @param roundings of each term, beside those of the sum */
export function sum(terms: readonly Wide[], roundings = 0): Wide {
  let top = -Infinity
  for (const term of terms) if (!isNothing(term)) top = Math.max(top, term.exponent)
  if (top === -Infinity) return zero
  let [mantissa, error, magnitude] = [0, 0, 0]
  for (const term of terms) {
    const one = beside(term, top)
    mantissa += one.mantissa
    error += one.error
    magnitude += Math.abs(one.mantissa)
  }
  return tidy(mantissa, error + (terms.length + roundings) * unit * magnitude, top)
}

export const add = (a: Wide, b: Wide): Wide => sum([a, b])
export const negate = ({ mantissa, error, exponent }: Wide): Wide => wide(-mantissa, error, exponent)

export function multiply(a: Wide, b: Wide): Wide {
  const mantissa = a.mantissa * b.mantissa
  const carried = Math.abs(a.mantissa) * b.error + Math.abs(b.mantissa) * a.error + a.error * b.error
  return tidy(mantissa, carried + unit * Math.abs(mantissa), a.exponent + b.exponent)
}

/** A divisor that may be 0 makes anything of a quotient. */
export function divide(a: Wide, b: Wide): Wide {
  const mantissa = a.mantissa / b.mantissa
  const left = Math.abs(b.mantissa) - b.error
  const error =
    left > 0 ? (a.error + Math.abs(mantissa) * b.error) / left + 3 * unit * Math.abs(mantissa) : Infinity
  return tidy(mantissa, error, a.exponent - b.exponent)
}

/** exp of a number is that exponent; devices compute it in base 2, by a product that is rounded. */
export function exponential(a: Wide): Wide {
  const power = valueOf(a)
  return wide(1, Math.expm1(errorOf(a)) + (8 + 4 * Math.abs(power)) * unit, power)
}

/** f of a number that is a double; its error by trying f at the ends of the argument's. */
export function through(f: (value: number) => number, a: Wide): Wide {
  const [value, error] = [valueOf(a), errorOf(a)]
  const result = f(value)
  const spread = Math.max(Math.abs(f(value - error) - result), Math.abs(f(value + error) - result))
  const own = unit * (8 * Math.abs(result) + 8) + smallest
  return wide(result, Number.isNaN(spread) ? Infinity : spread + own)
}

/** The larger or the smaller of two numbers; where they are nearly equal, either may be taken. */
export function chosen(a: Wide, b: Wide, largest: boolean): Wide {
  const difference = sum([a, negate(b)])
  const [taken, left] = difference.mantissa > 0 === largest ? [a, b] : [b, a]
  if (Math.abs(difference.mantissa) > difference.error) return taken
  return wide(taken.mantissa, Math.max(taken.error, beside(left, taken.exponent).error), taken.exponent)
}
