/**
 * Sums f(x) + c in which all digits cancel over half of the domain, and the form of them that keeps its digits:
 *
 *     elu x + 1 = relu x + exp(min(x, 0))
 *
 * They are found in the records: an operator has such a sum where its identity ends in − c.
 */
import type { Apply, Expression } from './expression.ts'
import { scalarOperator } from './operators.ts'

/** The constant c > 0 and the form of f(x) + c that keeps its digits. */
export interface ExactSum {
  readonly constant: number
  readonly sum: Expression
}

/** The exact sum of an operator's value at `args`, if its identity has one. */
export function exactSum(operator: string, args: readonly Expression[]): ExactSum | undefined {
  const whole = scalarOperator(operator)?.identity?.(...args)
  if (whole?.kind !== 'apply' || whole.operator !== 'subtract') return undefined
  const [sum, last] = whole.args
  return sum !== undefined && last?.kind === 'constant' ? { constant: last.value, sum } : undefined
}

/** Another form of f(x) + c or c + f(x), if it is one of the sums above. */
export function withoutCancelling({ operator, args }: Apply): Expression | undefined {
  if (operator !== 'add') return undefined
  const added = args.find((arg) => arg.kind === 'constant')
  const value = args.find((arg) => arg.kind === 'apply')
  if (added === undefined || value === undefined) return undefined
  const exact = exactSum(value.operator, value.args)
  return exact?.constant === added.value ? exact.sum : undefined
}
