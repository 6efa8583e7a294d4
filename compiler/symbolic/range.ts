/**
 * What values an expression in component form can take, whatever the rows are.
 * Rows are any finite reals; scalars known at run time (positions, lengths,
 * indexes) are not negative, and a position is less than its length.
 */
import type { Expression } from './expression.ts'
import { everything, interval, isNonnegative, isPositive, multiply, nonnegative, point } from './interval.ts'
import type { Interval } from './interval.ts'
import { scalarOperator } from './operators.ts'

export function rangeOf(expression: Expression): Interval {
  switch (expression.kind) {
    case 'constant':
      return point(expression.value)
    case 'variable':
      return expression.type.kind === 'vector'
        ? everything
        : expression.name === 'length'
          ? interval(1, Infinity)
          : nonnegative
    case 'element':
      return everything
    case 'reduce': {
      const body = rangeOf(expression.body)
      return expression.operator === 'sum' ? multiply(point(expression.size), body) : body
    }
    case 'apply': {
      const record = scalarOperator(expression.operator)
      return record === undefined ? everything : record.range(...expression.args.map(rangeOf))
    }
  }
}

export type Sign = 'positive' | 'nonnegative' | 'unknown'

export function signOf(expression: Expression): Sign {
  const range = rangeOf(expression)
  if (isPositive(range)) return 'positive'
  return isNonnegative(range) ? 'nonnegative' : 'unknown'
}
