/** Expressions as text, with the brackets that reading them back needs and no others. */
import type { Blocks, Expression } from './ast.ts'
import { levelOf, primaryLevel, unaryLevel } from './precedence.ts'

const levelOfTree = (tree: Expression): number => {
  if (tree.kind === 'binary') return levelOf(tree.operator)
  return tree.kind === 'unary' ? unaryLevel : primaryLevel
}

export function expressionText(tree: Expression): string {
  switch (tree.kind) {
    case 'number':
      return tree.text
    case 'reference':
      return tree.name
    case 'call':
      return `${tree.callee.text}(${tree.args.map(expressionText).join(', ')})`
    case 'unary':
      // A power binds tighter than the sign before it.
      return `${tree.operator}${atLeast(unaryLevel, tree.operand)}`
    case 'binary': {
      const { operator, left, right } = tree
      if (operator === '^') return `${atLeast(primaryLevel, left)}^${atLeast(unaryLevel, right)}`
      const level = levelOf(operator)
      return `${atLeast(level, left)} ${operator} ${atLeast(level + 1, right)}`
    }
  }
}

function atLeast(level: number, tree: Expression): string {
  const text = expressionText(tree)
  return levelOfTree(tree) < level ? `(${text})` : text
}

/** The operands of the outermost `||`, or `&&`, each but the first with that operator before it. */
export function conditionParts(
  tree: Expression,
): readonly { readonly text: string; readonly tree: Expression }[] {
  if (tree.kind !== 'binary' || (tree.operator !== '||' && tree.operator !== '&&'))
    return [{ text: expressionText(tree), tree }]
  const { operator } = tree
  const level = levelOf(operator)
  const operands: Expression[] = []
  let rest: Expression = tree
  while (rest.kind === 'binary' && rest.operator === operator) {
    operands.unshift(rest.right)
    rest = rest.left
  }
  const others = operands.map((operand) => ({
    text: `${operator} ${atLeast(level + 1, operand)}`,
    tree: operand,
  }))
  return [{ text: atLeast(level, rest), tree: rest }, ...others]
}

export const valueText = (items: readonly Expression[]): string => items.map(expressionText).join(' ')

export const blocksText = ({ bracketed, items }: Blocks): string =>
  bracketed ? `[${items.map(expressionText).join(', ')}]` : valueText(items)
