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

/** Normal forms, which are their own: what is built around a simplified expression is all that there is to do. */
const known = new WeakMap<Expression, Expression>()

/** The normal form of an expression in component form. */
export function simplify(expression: Expression): Expression {
  const simplified = visit(expression)
  const named = nameIndices(simplified)
  return equals(named, simplified) ? simplified : named
}

function visit(node: Expression): Expression {
  const before = known.get(node)
  if (before !== undefined) return before
  const result = rewrite(collect(node))
  known.set(node, result)
  known.set(result, result)
  return result
}

/** The children simplified and the node itself in normal form. */
function collect(node: Expression): Expression {
  if (isSum(node)) return collectSum(node, visit)
  if (isProduct(node)) return collectProduct(node, visit)
  const simplified = mapChildren(node, visit)
  return simplified.kind === 'reduce' ? nameIndex(simplified) : simplified
}

/** The first rewrite that changes the node, and then whatever applies to its result. */
function rewrite(node: Expression): Expression {
  for (const { apply } of rewrites) {
    const next = apply(node)
    if (next !== undefined && !equals(next, node)) return visit(next)
  }
  return node
}
