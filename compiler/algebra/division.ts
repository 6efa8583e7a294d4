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

/** Whether something is added to the sum of weights, so that a row is smaller than a mean of its values. */
export const addsToSum = (division: Division): boolean => division.kind === 'sum' && division.epsilon > 0

/** A row without any weight gives zeros. */
export function quotient(division: Division, { scale, numerator, denominator }: Sums): Float64Array {
  if (scale === -Infinity) return numerator
  if (division.kind === 'none') return numerator.map((sum) => sum * Math.exp(scale))
  const { epsilon } = division
  const sum = denominator + (epsilon === 0 ? 0 : epsilon * Math.exp(-scale))
  return numerator.map((entry) => (sum === 0 ? 0 : entry / sum))
}

/** A denominator is not made smaller. */
export function verifyDivision(division: Division): void {
  invariant(division.kind === 'none' || division.epsilon >= 0, 'epsilon is not negative')
}

/** In words, for `explain`. */
export function printDivision(division: Division): string {
  if (division.kind === 'none') return 'no'
  return `by the sum of the weights${addsToSum(division) ? ` + ${division.epsilon}` : ''}`
}
