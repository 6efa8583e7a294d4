/** A function as coefficient · exp(exponent); without an exponent the coefficient is the function. */
import { exp, multiply } from '../symbolic/build.ts'
import type { Expression } from '../symbolic/expression.ts'
import { rangeOf } from '../symbolic/range.ts'
import { simplify } from '../symbolic/simplify.ts'

export interface Split {
  readonly coefficient: Expression
  readonly exponent?: Expression
}

/** Splits a part of what is being split. */
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

export function isModerate(exponent: Expression): boolean {
  const { low, high } = rangeOf(exponent)
  return low >= -moderate && high <= moderate
}
