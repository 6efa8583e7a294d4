/** A function as coefficient · exp(exponent); without an exponent the coefficient is the function. */
import { exp, multiply } from '../symbolic/build.ts'
import type { Expression } from '../symbolic/expression.ts'
import type { Split } from '../symbolic/operators/growth.ts'
import { rangeOf } from '../symbolic/range.ts'
import { simplify } from '../symbolic/simplify.ts'

export type { Split } from '../symbolic/operators/growth.ts'

/** Splits a part of a value. */
export type Splitter = (part: Expression) => Split

/** coefficient · exp(exponent), both simplified; an exponent that turns out constant is none. */
export function scaled(coefficient: Expression, exponent: Expression): Split {
  const whole = simplify(exponent)
  return whole.kind === 'constant'
    ? { coefficient: simplify(multiply(coefficient, exp(whole))) }
    : { coefficient: simplify(coefficient), exponent: whole }
}

/** exp of at most this, or its inverse, leaves an f32 most of its range. */
const moderate = 30

/** Whether an exponential may stay in the coefficient. */
export function staysInside(exponent: Expression): boolean {
  const { low, high } = rangeOf(exponent)
  return low >= -moderate && high <= moderate
}
