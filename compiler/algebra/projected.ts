/**
 * The part of an exponent that sees the projection row w, when the exponent is
 * written as projected + rest. It is split along sums, and through factors that
 * do not see w; a term that cannot be split counts as projected as a whole.
 */
import { add, constant, multiply, reduce } from '../symbolic/build.ts'
import type { Expression } from '../symbolic/expression.ts'
import { factorsOf, fromFactors, isProduct } from '../symbolic/rewrites/products.ts'
import { isSum, termsOf } from '../symbolic/rewrites/sums.ts'
import { simplify } from '../symbolic/simplify.ts'
import { mentions } from '../symbolic/traverse.ts'

/** Simplified; nothing where no part sees w. */
export function projectedPart(exponent: Expression): Expression | undefined {
  const projected = simplify(part(exponent))
  return mentions(projected, 'w') ? projected : undefined
}

function part(exponent: Expression): Expression {
  if (!mentions(exponent, 'w')) return constant(0)
  if (isSum(exponent)) return add(...termsOf(exponent).map(part))
  if (exponent.kind === 'reduce' && exponent.operator === 'sum')
    return reduce('sum', exponent.index, exponent.size, part(exponent.body))
  return isProduct(exponent) ? partOfProduct(exponent) : exponent
}

function partOfProduct(product: Expression): Expression {
  const { coefficient, factors } = factorsOf(product)
  const seeing = factors.filter(({ base }) => mentions(base, 'w'))
  const [only] = seeing
  if (only === undefined || seeing.length > 1 || only.power !== 1) return product
  const others = fromFactors({ coefficient, factors: factors.filter((factor) => factor !== only) })
  return multiply(others, part(only.base))
}
