/** Walking, comparing and substituting. Every other recursion is built on `mapChildren`. */
import type { Expression } from './expression.ts'

/** The expressions directly below a node. */
export function children(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'constant':
    case 'variable':
      return []
    case 'apply':
      return expression.args
    case 'element':
      return [expression.index]
    case 'reduce':
      return [expression.body]
  }
}

/** The same node over other children; the node itself where none changed. */
export function mapChildren(expression: Expression, map: (child: Expression) => Expression): Expression {
  switch (expression.kind) {
    case 'constant':
    case 'variable':
      return expression
    case 'apply': {
      const args = expression.args.map(map)
      return args.every((arg, n) => arg === expression.args[n]) ? expression : { ...expression, args }
    }
    case 'element': {
      const index = map(expression.index)
      return index === expression.index ? expression : { ...expression, index }
    }
    case 'reduce': {
      const body = map(expression.body)
      return body === expression.body ? expression : { ...expression, body }
    }
  }
}

/**
 * The expression with others in the place of some nodes, from the top down; `replace` gives none for a node that stays.
 * A part that is shared is looked at once, and stays shared.
 */
export function mapNodes(
  expression: Expression,
  replace: (node: Expression) => Expression | undefined,
): Expression {
  const known = new Map<Expression, Expression>()
  const visit = (node: Expression): Expression => {
    const before = known.get(node)
    if (before !== undefined) return before
    const after = replace(node) ?? mapChildren(node, visit)
    known.set(node, after)
    return after
  }
  return visit(expression)
}

/** Every node of an expression; one that is shared comes once. */
export function traverse(expression: Expression): readonly Expression[] {
  const seen = new Set<Expression>()
  const visit = (node: Expression): void => {
    if (seen.has(node)) return
    seen.add(node)
    children(node).forEach(visit)
  }
  visit(expression)
  return [...seen]
}

/** How many nodes expressions have together: a part that is shared counts once. */
export function sharedNodesOf(...expressions: readonly Expression[]): number {
  const seen = new Set<Expression>()
  const visit = (node: Expression): void => {
    if (seen.has(node)) return
    seen.add(node)
    children(node).forEach(visit)
  }
  expressions.forEach(visit)
  return seen.size
}

const freeNames = new WeakMap<Expression, ReadonlySet<string>>()

/** The names that an expression does not bind itself: variables, and the vectors of elements. */
export function freeVariables(expression: Expression): ReadonlySet<string> {
  const known = freeNames.get(expression)
  if (known !== undefined) return known
  const names = new Set(children(expression).flatMap((child) => [...freeVariables(child)]))
  if (expression.kind === 'variable') names.add(expression.name)
  if (expression.kind === 'element') names.add(expression.vector)
  if (expression.kind === 'reduce') names.delete(expression.index)
  freeNames.set(expression, names)
  return names
}

/** Whether a variable, or a vector by its entries, occurs free in an expression. */
export const mentions = (expression: Expression, name: string): boolean => freeVariables(expression).has(name)

/**
 * Puts an expression in the place of a variable. A reduce's index must not be
 * free in the replacement; index names are made so that it never is
 * (`indices.ts`).
 */
export function substitute(expression: Expression, name: string, replacement: Expression): Expression {
  return mapNodes(expression, (node) => {
    if (node.kind === 'variable' && node.name === name) return replacement
    return mentions(node, name) ? undefined : node
  })
}

const rank = { constant: 0, variable: 1, element: 2, reduce: 3, apply: 4 } as const

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** A total order of expressions; 0 exactly for equal trees. */
export function compare(a: Expression, b: Expression): number {
  if (a === b) return 0
  if (a.kind === 'constant' && b.kind === 'constant') return a.value - b.value
  if (a.kind === 'variable' && b.kind === 'variable') return compareText(a.name, b.name)
  if (a.kind === 'element' && b.kind === 'element')
    return compareText(a.vector, b.vector) || compare(a.index, b.index)
  if (a.kind === 'reduce' && b.kind === 'reduce')
    return (
      compareText(a.operator, b.operator) ||
      a.size - b.size ||
      compareText(a.index, b.index) ||
      compare(a.body, b.body)
    )
  if (a.kind === 'apply' && b.kind === 'apply')
    return (
      compareText(a.operator, b.operator) ||
      a.args.length - b.args.length ||
      a.args.reduce((order, arg, n) => order || compare(arg, b.args[n] as Expression), 0)
    )
  return rank[a.kind] - rank[b.kind]
}

/** Whether two expressions are the same tree. */
export const equals = (a: Expression, b: Expression): boolean => compare(a, b) === 0

const reducing = new WeakMap<Expression, boolean>()

/** Whether there is a sum or maximum over an index in the expression. */
export function hasReduce(expression: Expression): boolean {
  const known = reducing.get(expression)
  if (known !== undefined) return known
  const found = expression.kind === 'reduce' || children(expression).some(hasReduce)
  reducing.set(expression, found)
  return found
}
