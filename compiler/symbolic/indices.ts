/**
 * Names of the indexes that reduces bind.
 *
 * A reduce that holds no other reduce has the index `t`; one that holds reduces
 * nested h deep has the index `t<h>`. So the names of nested reduces differ,
 * equal sums are equal trees, and nothing is captured by substitution.
 */
import { variable } from './build.ts'
import type { Expression, Reduce } from './expression.ts'
import { children, mapChildren, substitute } from './traverse.ts'

/** How deep the reduces of an expression nest. */
function reduceDepth(expression: Expression): number {
  const known = depths.get(expression)
  if (known !== undefined) return known
  const inner = Math.max(0, ...children(expression).map(reduceDepth))
  const depth = expression.kind === 'reduce' ? inner + 1 : inner
  depths.set(expression, depth)
  return depth
}

const depths = new WeakMap<Expression, number>()

const indexAbove = (body: Expression): string => {
  const depth = reduceDepth(body)
  return depth === 0 ? 't' : `t${depth}`
}

const named = new WeakMap<Expression, boolean>()

/** Whether every index has its name already, as in what is built from parts that have them. */
function isNamed(expression: Expression): boolean {
  const known = named.get(expression)
  if (known !== undefined) return known
  const own = expression.kind !== 'reduce' || expression.index === indexAbove(expression.body)
  const is = own && children(expression).every(isNamed)
  named.set(expression, is)
  return is
}

/** The same expression with every index named as above. */
export function nameIndices(expression: Expression): Expression {
  if (isNamed(expression)) return expression
  let bound = 0
  // Provisional names first, unlike any that is written, so that no renaming meets a name still in use.
  const provisional = (node: Expression): Expression => {
    if (node.kind !== 'reduce') return mapChildren(node, provisional)
    const renamed = rename(node, `#${bound++}`)
    return { ...renamed, body: provisional(renamed.body) }
  }
  const final = (node: Expression): Expression => {
    const whole = mapChildren(node, final)
    return whole.kind === 'reduce' ? nameIndex(whole) : whole
  }
  return final(provisional(expression))
}

/** The same for a reduce whose body has its indexes named. */
export function nameIndex(node: Reduce): Reduce {
  return rename(node, indexAbove(node.body))
}

function rename(node: Reduce, index: string): Reduce {
  if (node.index === index) return node
  return { ...node, index, body: substitute(node.body, node.index, variable(index)) }
}
