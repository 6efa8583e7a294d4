/** Scalar expressions in which records state derivatives; `build.ts` needs the records, so they cannot need it. */
import { scalar } from '../expression.ts'
import type { Expression } from '../expression.ts'

export const node = (operator: string, ...args: readonly Expression[]): Expression => ({
  kind: 'apply',
  type: scalar,
  operator,
  args,
})

export const number = (value: number): Expression => ({ kind: 'constant', type: scalar, value })
export const plus = (a: Expression, b: Expression): Expression => node('add', a, b)
export const minus = (a: Expression, b: Expression): Expression => node('subtract', a, b)
export const times = (a: Expression, b: Expression): Expression => node('multiply', a, b)
export const over = (a: Expression, b: Expression): Expression => node('divide', a, b)
export const square = (a: Expression): Expression => node('power', a, number(2))
