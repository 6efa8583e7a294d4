/**
 * E[(F − E[F])⁴] of one row's contribution F: how far the mean of (F − E[F])² over
 * a sample is from the variance. It is known before anything is drawn, and so it is
 * right where F rests on what is hardly ever drawn.
 */
import type { AttentionModel } from '../../semantics/model.ts'
import { momentsOf, type NoMoments } from './moments.ts'
import { evaluateReal } from './ring/evaluate.ts'
import type { Value } from './ring/value.ts'
import type { Rows } from './variance.ts'

/** E[(F − E[F])⁴] in closed form, as a function of the rows. */
export interface FourthMoment {
  readonly kind: 'closed'
  readonly at: (rows: Rows) => number
}

/** The fourth central moment, or why it has no closed form. */
export function fourthMoment(model: AttentionModel): FourthMoment | NoMoments {
  const moments = momentsOf(model)
  if ('kind' in moments) return moments
  const [third, fourth] = [moments.higher(3), moments.higher(4)]
  if ('kind' in third) return third
  if ('kind' in fourth) return fourth
  return {
    kind: 'closed',
    at: ({ q, k }) => {
      const point = { rows: { q, k, other: k }, scalars: { i: 0, j: 0, length: 1 } }
      const at = (value: Value): number => evaluateReal(value, point)
      const mean = at(moments.mean)
      const square = at(moments.square)
      const central = at(fourth) - 4 * mean * at(third) + 6 * mean ** 2 * square - 3 * mean ** 4
      // No fourth moment is less than the square of the second.
      return Math.max(central, (square - mean ** 2) ** 2)
    },
  }
}
