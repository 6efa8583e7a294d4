/** Whether an expression of a mask is an integer by the way it is built. */
import type { Expression } from '../symbolic/expression.ts'

const closed: ReadonlySet<string> = new Set([
  'add',
  'subtract',
  'multiply',
  'modulo',
  'negate',
  'abs',
  'min',
  'max',
])

export function isIntegral(expression: Expression): boolean {
  // The variables of a mask are indexes and a length.
  if (expression.kind === 'constant') return Number.isInteger(expression.value)
  if (expression.kind !== 'apply') return true
  return (
    expression.operator === 'floor' || (closed.has(expression.operator) && expression.args.every(isIntegral))
  )
}
