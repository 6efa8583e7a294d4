/** One of a and −a is called upright. Even functions take the upright one, so (a − b)² and (b − a)² are equal trees. */
import { negate } from '../build.ts'
import type { Expression } from '../expression.ts'
import { compare } from '../traverse.ts'
import { collectProduct, factorsOf, fromFactors } from './products.ts'
import { one } from './coefficient.ts'
import { collectSum, isSum, termsOf } from './sums.ts'

/** −a, if that is the upright one of a simplified expression and its negative. */
export function upright(expression: Expression): Expression | undefined {
  if (!isSum(expression)) {
    const product = factorsOf(expression)
    return product.coefficient.over < 0 ? collectProduct(negate(fromFactors(product))) : undefined
  }
  const leading = termsOf(expression)
    .map((term) => factorsOf(term))
    .map(({ coefficient, factors }) => ({ coefficient, body: fromFactors({ coefficient: one, factors }) }))
    .sort((a, b) => compare(a.body, b.body))
    .find(({ body }) => body.kind !== 'constant')
  return leading !== undefined && leading.coefficient.over < 0 ? collectSum(negate(expression)) : undefined
}
