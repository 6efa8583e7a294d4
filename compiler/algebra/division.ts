/** The division of sums of values by sums of weights. */
import { invariant } from '../diagnostics/invariant.ts'
import type { AttentionModel } from '../semantics/model.ts'

/** Rows are divided by the sum of their weights and ε ≥ 0, or not at all. */
export type Division = { readonly kind: 'none' } | { readonly kind: 'sum'; readonly epsilon: number }

/** Sums of a row, to be multiplied by exp(scale). */
export interface Sums {
  readonly scale: number
  readonly numerator: Float64Array
  readonly denominator: number
}

/** The division that a checked spec asks for. */
export const divisionOf = ({ normalize, epsilon }: AttentionModel): Division =>
  normalize === 'none' ? { kind: 'none' } : { kind: 'sum', epsilon }

/** ε, which is added to a row's sum of weights; 0 where nothing is, or there is no denominator. */
export const addedToSum = (division: Division): number => (division.kind === 'sum' ? division.epsilon : 0)

/**
 * A row without any weight gives zeros.
 *
 * @param beside the logarithm of a weight that no value has
 */
export function quotient(
  division: Division,
  { scale, numerator, denominator }: Sums,
  beside = -Infinity,
): Float64Array {
  if (scale === -Infinity) return numerator
  if (division.kind === 'none') return numerator.map((sum) => sum * Math.exp(scale))
  const added = addedToSum(division)
  const sum = denominator + (added === 0 ? 0 : added * Math.exp(-scale)) + Math.exp(beside - scale)
  return numerator.map((entry) => (sum === 0 ? 0 : entry / sum))
}

/** A denominator is not made smaller. */
export function verifyDivision(division: Division): void {
  invariant(addedToSum(division) >= 0, 'epsilon is not negative')
}

/** In words, for `explain`. */
export function printDivision(division: Division): string {
  if (division.kind === 'none') return 'no'
  const added = addedToSum(division)
  return `by the sum of the weights${added === 0 ? '' : ` + ${added}`}`
}
