/** The denominator of a row as a formula: its sum of weights and ε, both over the row's scale. */
import { addedToSum, type Division } from '../algebra/attention.ts'
import { add, finitePower, mul, powerOfTwo, real, smaller, sub } from './equation/build.ts'
import type { Formula } from './equation.ts'
import { largestExponent } from '../symbolic/single.ts'

/** Over e^scale; a sum without a scale is the row's own. */
export function denominator(total: Formula, division: Division, scale: Formula | undefined): Formula {
  const added = addedToSum(division)
  if (added === 0) return total
  return add(total, scale === undefined ? added : finitePower(sub(Math.log(added), scale)))
}

/** Over 2^scale. */
export function binaryDenominator(total: Formula, division: Division, scale: Formula = real(0)): Formula {
  const added = addedToSum(division)
  if (added === 0) return total
  return add(total, mul(powerOfTwo(smaller(sub(0, scale), largestExponent)), added))
}

/** In words, for `explain`. */
export function printDivision(division: Division): string {
  if (division.kind === 'none') return 'no denominator'
  const added = addedToSum(division)
  return `over the sum of weights${added === 0 ? '' : ` + ${added}`}`
}
