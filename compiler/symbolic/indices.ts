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
    return named.kind === 'reduce' ? nameIndex(named) : named
  }
  return final(provisional(expression))
}

/** The same for a reduce whose body has its indexes named. */
export function nameIndex(node: Reduce): Reduce {
  const depth = reduceDepth(node.body)
  return rename(node, depth === 0 ? 't' : `t${depth}`)
}

function rename(node: Reduce, index: string): Reduce {
  if (node.index === index) return node
  return { ...node, index, body: substitute(node.body, node.index, variable(index)) }
}
