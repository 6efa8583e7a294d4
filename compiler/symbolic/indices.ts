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
export function reduceDepth(expression: Expression): number {
  const inner = Math.max(0, ...children(expression).map(reduceDepth))
  return expression.kind === 'reduce' ? inner + 1 : inner
}

/** The same expression with every index named as above. */
export function nameIndices(expression: Expression): Expression {
  let bound = 0
  // Provisional names first, unlike any that is written, so that no renaming meets a name still in use.
  const provisional = (node: Expression): Expression => {
    if (node.kind !== 'reduce') return mapChildren(node, provisional)
    const renamed = rename(node, `#${bound++}`)
    return { ...renamed, body: provisional(renamed.body) }
  }
  const final = (node: Expression): Expression => {
    const named = mapChildren(node, final)
    if (named.kind !== 'reduce') return named
    const depth = reduceDepth(named.body)
    return rename(named, depth === 0 ? 't' : `t${depth}`)
  }
  return final(provisional(expression))
}

function rename(node: Reduce, index: string): Reduce {
  return { ...node, index, body: substitute(node.body, node.index, variable(index)) }
}
