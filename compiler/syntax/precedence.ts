/**
 * The tree of a flat expression. Loosest first:
 *
 *     ||   &&   < <= > >= == !=   + -   * / %   unary - !   ^
 *
 * All are left-associative but `^`, whose exponent may carry a sign: `2^-x^2`
 * is 2^(−(x^2)), and `-x^2` is −(x^2).
 */
import type { BinaryOperator, Expression, Unary } from './ast.ts'

const levels: Readonly<Record<BinaryOperator, number>> = {
  '||': 1,
  '&&': 2,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '==': 3,
  '!=': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  '^': 7,
}

/** Between `*` and `^`. */
export const unaryLevel = 6
/** Numbers, names, calls. */
export const primaryLevel = 8

/** The level of an operator between two operands; a higher one binds tighter. */
export const levelOf = (operator: BinaryOperator): number => levels[operator]
/** Whether a text is such an operator. */
export const isBinaryOperator = (text: string): text is BinaryOperator => Object.hasOwn(levels, text)

/** A primary with the signs before it, outermost first. */
export interface Operand {
  readonly signs: readonly { readonly operator: Unary['operator']; readonly start: number }[]
  readonly primary: Expression
}

/** `operators[n]` stands between `operands[n]` and `operands[n + 1]`. */
export function arrange(
  operands: readonly Operand[],
  operators: readonly BinaryOperator[],
): Expression | undefined {
  let next = 0

  const signed = (): Expression | undefined => {
    const operand = operands[next]
    let tree = raised()
    if (operand === undefined || tree === undefined) return undefined
    for (const { operator, start } of operand.signs.toReversed())
      tree = { kind: 'unary', operator, operand: tree, span: { start, end: tree.span.end } }
    return tree
  }

  const raised = (): Expression | undefined => {
    const base = operands[next]?.primary
    if (base === undefined || operators[next] !== '^') return base
    next++
    return join('^', base, signed())
  }

  const chain = (level: number): Expression | undefined => {
    if (level === unaryLevel) return signed()
    let left = chain(level + 1)
    for (;;) {
      const operator = operators[next]
      if (operator === undefined || levels[operator] !== level) return left
      next++
      left = join(operator, left, chain(level + 1))
    }
  }

  return chain(1)
}

function join(operator: BinaryOperator, left?: Expression, right?: Expression): Expression | undefined {
  if (left === undefined || right === undefined) return undefined
  return { kind: 'binary', operator, left, right, span: { start: left.span.start, end: right.span.end } }
}
