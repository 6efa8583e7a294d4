/**
 * An expression of two rows as a sum of products, each of a factor that sees one row and a factor that sees the other.
 * So a sum over one row's partners becomes a product of matrices.
 */
import { multiply } from './build.ts'
import type { Expression } from './expression.ts'
import { factorsOf, fromFactors } from './rewrites/products.ts'
import { termsOf } from './rewrites/sums.ts'
import { simplify } from './simplify.ts'
import { mentions } from './traverse.ts'

/** left · right. */
export interface Product {
  readonly left: Expression
  readonly right: Expression
}

/**
 * Σ left · right, where no left factor sees the row `right` and no right factor the row `left`; undefined where the
 * expression is no such sum.
 */
export function separate(
  expression: Expression,
  left: string,
  right: string,
): readonly Product[] | undefined {
  const products: Product[] = []
  for (const term of multipliedOut(simplify(expression), left, right)) {
    const { coefficient, factors } = factorsOf(term)
    const ofRight = factors.filter(({ base }) => mentions(base, right))
    if (ofRight.some(({ base }) => mentions(base, left))) return undefined
    const others = factors.filter((factor) => !ofRight.includes(factor))
    products.push({
      left: simplify(fromFactors({ coefficient, factors: others })),
      right: simplify(fromFactors({ coefficient: { over: 1, under: 1 }, factors: ofRight })),
    })
  }
  return products
}

/** The summands, with products over sums of both rows multiplied out. */
function multipliedOut(expression: Expression, left: string, right: string): readonly Expression[] {
  const terms = termsOf(expression)
  return terms.length > 1
    ? terms.flatMap((term) => multipliedOut(term, left, right))
    : terms.flatMap((term) => distributed(term, left, right))
}

/** a·(b + c) as a·b + a·c, where b + c sees both rows. */
function distributed(term: Expression, left: string, right: string): readonly Expression[] {
  const { coefficient, factors } = factorsOf(term)
  const sum = factors.find(
    ({ base, power }) =>
      power === 1 && mentions(base, left) && mentions(base, right) && termsOf(base).length > 1,
  )
  if (sum === undefined) return [term]
  const rest = fromFactors({ coefficient, factors: factors.filter((factor) => factor !== sum) })
  return termsOf(sum.base).flatMap((one) => multipliedOut(simplify(multiply(rest, one)), left, right))
}
