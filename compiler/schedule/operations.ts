/**
 * How many arithmetic operations an expression takes, by how often it must be
 * evaluated: a reduction that sees only one of two rows is done once for that
 * row, not for each pair.
 */
import type { Expression } from '../symbolic/expression.ts'
import { children, mentions } from '../symbolic/traverse.ts'

/** Counts of operations of an expression of two rows; one transcendental function counts as one. */
export interface Operations {
  /** Per left row: in a feature x, in a kernel q. */
  readonly left: number
  /** Per right row: in a feature w, in a kernel k. */
  readonly right: number
  /** Per pair of them. */
  readonly pair: number
}

/** Counts an expression; `left` and `right` are the names of its two rows, such as `x` and `w`. */
export function operations(expression: Expression, left: string, right: string): Operations {
  const count = { left: 0, right: 0, pair: 0 }
  const charge = (node: Expression, amount: number): void => {
    const seesLeft = mentions(node, left)
    const seesRight = mentions(node, right)
    if (seesLeft === seesRight) count.pair += amount
    else if (seesLeft) count.left += amount
    else count.right += amount
  }
  const seen = new Set<Expression>()
  const visit = (node: Expression, times: number): void => {
    if (seen.has(node)) return
    seen.add(node)
    if (node.kind === 'apply') charge(node, times)
    if (node.kind === 'element') return
    if (node.kind === 'reduce') {
      charge(node, times * node.size)
      visit(node.body, times * node.size)
      return
    }
    for (const child of children(node)) visit(child, times)
  }
  visit(expression, 1)
  return count
}
