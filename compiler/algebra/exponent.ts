/**
 * Splits a function into coefficient · exp(exponent), such that the coefficient
 * grows at most polynomially in the entries of the rows. The split is an
 * identity of functions.
 *
 * An exponent that is bounded for all rows stays in the coefficient. An exponent that
 * is never positive is split off, because its exponential does not overflow but may
 * underflow to 0 in every component that a row and a key have in common.
 */
import { exp, multiply } from '../symbolic/build.ts'
import type { Expression } from '../symbolic/expression.ts'
import { simplify } from '../symbolic/simplify.ts'
import { splitOperator } from './exponent-of-operators.ts'
import { splitReduce } from './exponent-of-sums.ts'
import { staysInside } from './split.ts'
import type { Split } from './split.ts'

/** Of a simplified expression in component form. */
export function splitExponent(value: Expression): Split {
  const { coefficient, exponent } = split(value)
  if (exponent === undefined) return { coefficient }
  const whole = simplify(exponent)
  if (staysInside(whole)) return { coefficient: simplify(multiply(coefficient, exp(whole))) }
  return { coefficient: simplify(coefficient), exponent: whole }
}

function split(expression: Expression): Split {
  if (expression.kind === 'reduce') return splitReduce(expression, split)
  return expression.kind === 'apply' ? splitOperator(expression, split) : { coefficient: expression }
}
