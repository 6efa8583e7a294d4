/** Rewrites that move parts without the index out of a sum or a maximum. */
import { add, constant, multiply } from '../build.ts'
import type { Expression, Reduce } from '../expression.ts'
import { isPositive } from '../interval.ts'
import { rangeOf } from '../range.ts'
import { mentions, substitute } from '../traverse.ts'
import { one, timesRatio, valueOf } from './coefficient.ts'
import { factorsOf, fromFactors } from './products.ts'
import { fromTerms, termsOf } from './sums.ts'

/** Σ over one index, or a maximum over one, is its body there. */
export function singleEntry(expression: Expression): Expression | undefined {
  if (expression.kind !== 'reduce' || expression.size !== 1) return undefined
  return substitute(expression.body, expression.index, constant(0))
}

/** Σ_t a = n·a and max_t a = a for an a without t. */
export function constantBody(expression: Expression): Expression | undefined {
  if (expression.kind !== 'reduce' || mentions(expression.body, expression.index)) return undefined
  return expression.operator === 'sum'
    ? multiply(constant(expression.size), expression.body)
    : expression.body
}

/** Σ_t a·b_t = a·Σ_t b_t, and max_t a·b_t = a·max_t b_t for a > 0. */
export function factorOut(expression: Expression): Expression | undefined {
  if (expression.kind !== 'reduce') return undefined
  const { coefficient, factors } = factorsOf(expression.body)
  const leaves = ({ base }: { readonly base: Expression }): boolean =>
    !mentions(base, expression.index) && (expression.operator === 'sum' || isPositive(rangeOf(base)))
  const sign = expression.operator === 'maximum' && valueOf(coefficient) < 0 ? -1 : 1
  const outside = { coefficient: timesRatio(coefficient, sign, 1), factors: factors.filter(leaves) }
  if (outside.factors.length === 0 && valueOf(outside.coefficient) === 1) return undefined
  const inside = {
    coefficient: timesRatio(one, sign, 1),
    factors: factors.filter((factor) => !leaves(factor)),
  }
  return multiply(fromFactors(outside), { ...expression, body: fromFactors(inside) })
}

/** max_t (a + b_t) = a + max_t b_t. */
export function termOut(expression: Expression): Expression | undefined {
  if (expression.kind !== 'reduce' || expression.operator !== 'maximum') return undefined
  const terms = termsOf(expression.body)
  const stays = (term: Expression): boolean => mentions(term, expression.index)
  if (terms.every(stays)) return undefined
  const inside: Reduce = { ...expression, body: fromTerms(terms.filter(stays)) }
  return add(fromTerms(terms.filter((term) => !stays(term))), inside)
}
