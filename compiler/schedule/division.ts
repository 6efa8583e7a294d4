/** The denominator of a row as a formula: its sum of weights and ε, both over the row's scale. */
import { addedToSum, type Division } from '../algebra/attention.ts'
import { add, finitePower, mul, powerOfTwo, real, smaller, sub } from './equation/build.ts'
import type { Formula } from './equation.ts'
import { largestExponent } from '../symbolic/single.ts'

/**
 * Over e^scale; a sum without a scale is the row's own.
 *
 * @param beside the natural logarithm of a weight beside those of keys
 */
export function denominator(
  total: Formula,
  division: Division,
  scale: Formula | undefined,
  beside?: Formula,
): Formula {
  const added = addedToSum(division)
  const whole =
    beside === undefined ? total : add(total, finitePower(scale === undefined ? beside : sub(beside, scale)))
  if (added === 0) return whole
  return add(whole, scale === undefined ? added : finitePower(sub(Math.log(added), scale)))
}

/** Over 2^scale. */
export function binaryDenominator(
  total: Formula,
  division: Division,
  scale: Formula = real(0),
  beside?: Formula,
): Formula {
  const added = addedToSum(division)
  const power = (exponent: Formula): Formula => powerOfTwo(smaller(exponent, largestExponent))
  const whole = beside === undefined ? total : add(total, power(sub(mul(beside, real(1 / Math.LN2)), scale)))
  if (added === 0) return whole
  return add(whole, mul(power(sub(0, scale)), added))
}

/** In words, for `explain`. */
export function printDivision(division: Division): string {
  if (division.kind === 'none') return 'no denominator'
  const added = addedToSum(division)
  return `over the sum of weights${added === 0 ? '' : ` + ${added}`}`
}
