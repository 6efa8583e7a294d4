/**
 * Builders of scalar expressions for records, which state derivatives, growths and identities in them. Records
 * cannot use `build.ts`, because it reads the records.
 */
import { scalar } from '../expression.ts'
import type { Expression } from '../expression.ts'

/** An operator on scalars. */
export const node = (operator: string, ...args: readonly Expression[]): Expression => ({
  kind: 'apply',
  type: scalar,
  operator,
  args,
})

/** A constant. */
export const number = (value: number): Expression => ({ kind: 'constant', type: scalar, value })
/** a + b. */
export const plus = (a: Expression, b: Expression): Expression => node('add', a, b)
/** a − b. */
export const minus = (a: Expression, b: Expression): Expression => node('subtract', a, b)
/** a·b. */
export const times = (a: Expression, b: Expression): Expression => node('multiply', a, b)
/** a/b. */
export const over = (a: Expression, b: Expression): Expression => node('divide', a, b)
/** a². */
export const square = (a: Expression): Expression => node('power', a, number(2))
