/** Whether an expression is at most 0 for all rows: by the ranges of its parts, or as an entry less the largest one. */
import { add, variable } from './build.ts'
import type { Expression } from './expression.ts'
import { rangeOf } from './range.ts'
import { termsOf } from './rewrites/sums.ts'
import { simplify } from './simplify.ts'
import { equals, substitute } from './traverse.ts'

/** Of a simplified expression in component form. */
export const isNeverPositive = (expression: Expression): boolean =>
  rangeOf(expression).high <= 0 || isBelowLargest(expression)

/** a[component] − max_t a[t], as a softmax has it. */
function isBelowLargest(expression: Expression): boolean {
  return termsOf(expression).some((term) => {
    if (term.kind !== 'apply' || term.operator !== 'negate') return false
    const top = term.args[0]
    if (top?.kind !== 'reduce' || top.operator !== 'maximum') return false
    const rest = simplify(add(expression, top))
    return equals(rest, simplify(substitute(top.body, top.index, variable('component'))))
  })
}
