/**
 * Brings an expression in component form into normal form, bottom up.
 *
 * It ends because every rewrite makes its expression smaller or puts it into an
 * order that no rewrite changes. It is fast because a whole chain of sums or
 * products is taken at once.
 */
import type { Expression } from './expression.ts'
import { nameIndex, nameIndices } from './indices.ts'
import { rewrites } from './rewrites.ts'
import { collectProduct, isProduct } from './rewrites/products.ts'
import { collectSum, isSum } from './rewrites/sums.ts'
import { equals, mapChildren } from './traverse.ts'

/** The normal form of an expression in component form. */
export function simplify(expression: Expression): Expression {
  const known = new Map<Expression, Expression>()
  const visit = (node: Expression): Expression => {
    const before = known.get(node)
    if (before !== undefined) return before
    const result = rewrite(collect(node, visit), visit)
    known.set(node, result)
    known.set(result, result)
    return result
  }
  return nameIndices(visit(expression))
}

type Visit = (node: Expression) => Expression

/** The children simplified and the node itself in normal form. */
function collect(node: Expression, visit: Visit): Expression {
  if (isSum(node)) return collectSum(node, visit)
  if (isProduct(node)) return collectProduct(node, visit)
  const simplified = mapChildren(node, visit)
  return simplified.kind === 'reduce' ? nameIndex(simplified) : simplified
}

/** The first rewrite that changes the node, and then whatever applies to its result. */
function rewrite(node: Expression, visit: Visit): Expression {
  for (const { apply } of rewrites) {
    const next = apply(node)
    if (next !== undefined && !equals(next, node)) return visit(next)
  }
  return node
}
