/**
 * Splits a function into coefficient · exp(exponent), such that the coefficient
 * grows at most polynomially in the entries of the rows. The split is an
 * identity of functions.
 *
 * An exponent that is bounded whatever the rows are stays in the coefficient. One
 * that is never positive does not: what it is the exponent of does not overflow,
 * but all components that a row and a key have in common may vanish.
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
