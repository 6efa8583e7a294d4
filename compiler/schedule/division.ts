/** The denominator of a row as a formula: its sum of weights and ε, both over the row's scale. */
import type { Division } from '../algebra/attention.ts'
import { add, finitePower, mul, powerOfTwo, real, smaller, sub } from './equation/build.ts'
import type { Formula } from './equation.ts'

/** Beyond this a power of two is not finite in f32. */
const largestExponent = 126

const epsilonOf = (division: Division): number => (division.kind === 'none' ? 0 : division.epsilon)

/** Over e^scale; a sum without a scale is the row's own. */
export function denominator(total: Formula, division: Division, scale: Formula | undefined): Formula {
  const epsilon = epsilonOf(division)
  if (epsilon === 0) return total
  return add(total, scale === undefined ? epsilon : finitePower(sub(Math.log(epsilon), scale)))
}

/** Over 2^scale. */
export function binaryDenominator(total: Formula, division: Division, scale: Formula = real(0)): Formula {
  const epsilon = epsilonOf(division)
  if (epsilon === 0) return total
  return add(total, mul(powerOfTwo(smaller(sub(0, scale), largestExponent)), epsilon))
}

/** In words, for `explain`. */
export function printDivision(division: Division): string {
  if (division.kind === 'none') return 'no denominator'
  return `over the sum of weights${division.epsilon === 0 ? '' : ` + ${division.epsilon}`}`
}
