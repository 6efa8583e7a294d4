/**
 * Splits a function into coefficient · exp(exponent), such that the coefficient
 * grows at most polynomially in the entries of the rows. The split is an
 * identity of functions.
 *
 * An exponent that is bounded whatever the rows are stays in the coefficient,
 * and so does one that is 0 for the largest component of the row, as a softmax
 * has it: neither overflows, nor can it make all components vanish.
 */
import { add, constant, exp, multiply, variable } from '../symbolic/build.ts'
import type { Expression } from '../symbolic/expression.ts'
import { isProduct } from '../symbolic/rewrites/products.ts'
import { isSum, termsOf } from '../symbolic/rewrites/sums.ts'
import { simplify } from '../symbolic/simplify.ts'
import { equals, substitute } from '../symbolic/traverse.ts'
import { splitOperator } from './exponent-of-operators.ts'
import { splitProduct, splitReduce, splitSum } from './exponent-of-sums.ts'
import { isModerate } from './split.ts'
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
  if (expression.kind !== 'apply') return { coefficient: expression }
  if (isSum(expression)) return splitSum(expression, split)
  if (isProduct(expression)) return splitProduct(expression, split)
  const [argument] = expression.args
  if (expression.operator === 'exp' && argument !== undefined)
    return staysInside(argument)
      ? { coefficient: expression }
      : { coefficient: constant(1), exponent: argument }
  return splitOperator(expression, split)
}

function staysInside(exponent: Expression): boolean {
  return isModerate(exponent) || vanishesAtLargest(exponent)
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
