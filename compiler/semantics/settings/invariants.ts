/** What several invariants of the model say of a number or an expression. */
import type { Expression } from '../../symbolic/expression.ts'

/** A positive integer. */
export const isCount = (value: number): boolean => Number.isInteger(value) && value > 0

/** User form, with no variables but these and what a call gives. */
export function isClosed(expression: Expression, names: readonly string[]): boolean {
  switch (expression.kind) {
    case 'constant':
      return Number.isFinite(expression.value)
    case 'variable':
      return names.includes(expression.name) || expression.given !== undefined
    case 'apply':
      return expression.args.every((arg) => isClosed(arg, names))
    case 'element':
    case 'reduce':
      return false
  }
}
