/**
 * What a mask divides by may be 0 at a pair of indexes, where numbers of devices
 * differ. A comparison of what is divided so does not hold there, whichever it
 * is: the condition comes to say so itself, for all that read it alike.
 */
import { apply, constant } from '../symbolic/build.ts'
import type { Expression } from '../symbolic/expression.ts'
import { rangeOf } from '../symbolic/range.ts'

const connectives: ReadonlySet<string> = new Set(['and', 'or', 'not'])

/** The condition, and that its divisors are not 0. */
export function withDivisorsNotZero(condition: Expression): Expression {
  if (condition.kind !== 'apply') return condition
  const { operator, args } = condition
  if (connectives.has(operator)) return { ...condition, args: args.map(withDivisorsNotZero) }
  const divisors = new Map(
    args.flatMap(divisorsOf).map((divisor) => [JSON.stringify(divisor), divisor] as const),
  )
  return [...divisors.values()].reduceRight<Expression>(
    (rest, divisor) => apply('and', apply('notEqual', divisor, constant(0)), rest),
    condition,
  )
}

/** Those that may be 0, before what they divide. */
function divisorsOf(expression: Expression): readonly Expression[] {
  if (expression.kind !== 'apply') return []
  const within = expression.args.flatMap(divisorsOf)
  const [, divisor] = expression.args
  if (divisor === undefined || (expression.operator !== 'divide' && expression.operator !== 'modulo'))
    return within
  const { low, high } = rangeOf(divisor)
  return low > 0 || high < 0 ? within : [...within, divisor]
}
