/** A function as coefficient · exp(exponent); without an exponent the coefficient is the function. */
import { add, exp, multiply, variable } from '../symbolic/build.ts'
import type { Expression } from '../symbolic/expression.ts'
import type { Split } from '../symbolic/operators/growth.ts'
import { rangeOf } from '../symbolic/range.ts'
import { termsOf } from '../symbolic/rewrites/sums.ts'
import { simplify } from '../symbolic/simplify.ts'
import { equals, substitute } from '../symbolic/traverse.ts'

export type { Split } from '../symbolic/operators/growth.ts'

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

/** Whether an exponential may stay in the coefficient. */
export function staysInside(exponent: Expression): boolean {
  return isModerate(exponent) || vanishesAtLargest(exponent)
}

function isModerate(exponent: Expression): boolean {
  const { low, high } = rangeOf(exponent)
  return low >= -moderate && high <= moderate
}

/** a[component] − max_t a[t]: at most 0, and 0 in one component of every row. */
function vanishesAtLargest(exponent: Expression): boolean {
  const terms = termsOf(exponent)
  return terms.some((term) => {
    if (term.kind !== 'apply' || term.operator !== 'negate') return false
    const top = term.args[0]
    if (top?.kind !== 'reduce' || top.operator !== 'maximum') return false
    const rest = simplify(add(exponent, top))
    return equals(rest, simplify(substitute(top.body, top.index, variable('component'))))
  })
}
