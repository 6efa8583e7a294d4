/**
 * Where a printed operation needs parentheses, in the grammar that the text
 * form and every C-like target share. Comparisons do not chain, and `&&` within
 * `||` is parenthesised, as WGSL asks and readers like.
 */

import type { BinaryOperator, Value } from './kernel.ts'

const level = {
  or: 1,
  and: 2,
  comparison: 3,
  sum: 4,
  product: 5,
  unary: 6,
  primary: 7,
} as const

const levels: Record<BinaryOperator, number> = {
  '||': level.or,
  '&&': level.and,
  '<': level.comparison,
  '<=': level.comparison,
  '>': level.comparison,
  '>=': level.comparison,
  '==': level.comparison,
  '!=': level.comparison,
  '+': level.sum,
  '-': level.sum,
  '*': level.product,
  '/': level.product,
  '%': level.product,
}

/** Whether `child` needs parentheses as the `side` operand of an operator, or under a prefix or postfix one. */
export function needsParentheses(
  parent: BinaryOperator | 'prefix' | 'postfix',
  child: Value,
  side: 'left' | 'right',
): boolean {
  const inner = levelOf(child)
  if (parent === 'postfix') return inner < level.primary
  if (parent === 'prefix') return inner < level.primary
  const outer = levels[parent]
  if (outer <= level.and) {
    const same = child.kind === 'binary' && child.operator === parent
    return !same && inner <= level.and
  }
  if (outer === level.comparison) return inner <= outer
  return side === 'left' ? inner < outer : inner <= outer
}

function levelOf(value: Value): number {
  if (value.kind === 'binary') return levels[value.operator]
  if (value.kind === 'unary') return level.unary
  if (value.kind === 'number')
    return value.value < 0 || Object.is(value.value, -0) ? level.unary : level.primary
  return level.primary
}
