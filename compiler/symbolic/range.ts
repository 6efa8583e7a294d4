/**
 * What values an expression in component form can take, whatever the rows are.
 * Rows are any finite reals; scalars known at run time (positions, lengths,
 * indexes) are not negative, and a position is less than its length.
 */
import type { Expression } from './expression.ts'
import { everything, interval, isNonnegative, isPositive, multiply, nonnegative, point } from './interval.ts'
import type { Interval } from './interval.ts'
import { scalarOperator } from './operators.ts'
import { factorsOf, fromFactors, isProduct } from './rewrites/products.ts'
import type { Factor } from './rewrites/products.ts'

const known = new WeakMap<Expression, Interval>()

/** A set that holds every value of the expression. */
export function rangeOf(expression: Expression): Interval {
  const before = known.get(expression)
  if (before !== undefined) return before
  const range = findRange(expression)
  known.set(expression, range)
  return range
}

function findRange(expression: Expression): Interval {
  switch (expression.kind) {
    case 'constant':
      return point(expression.value)
    case 'variable':
      return expression.type.kind === 'vector' || expression.given !== undefined
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
      if (record === undefined) return everything
      return rangeOfProgress(expression) ?? record.range(...expression.args.map(rangeOf))
    }
  }
}

/** A product in which position / length occurs, which lies in [0, 1). */
function rangeOfProgress(expression: Expression): Interval | undefined {
  if (!isProduct(expression)) return undefined
  const { coefficient, factors } = factorsOf(expression)
  const factor = (name: string, power: number): Factor | undefined =>
    factors.find(({ base, power: own }) => base.kind === 'variable' && base.name === name && own === power)
  const position = factor('position', 1)
  const length = factor('length', -1)
  if (position === undefined || length === undefined) return undefined
  const others = factors.filter((candidate) => candidate !== position && candidate !== length)
  return multiply(interval(0, 1, 'high'), rangeOf(fromFactors({ coefficient, factors: others })))
}

/** The sign of an expression, as far as its range proves it. */
export type Sign = 'positive' | 'nonnegative' | 'unknown'

/** The sign that the range of an expression proves. */
export function signOf(expression: Expression): Sign {
  const range = rangeOf(expression)
  if (isPositive(range)) return 'positive'
  return isNonnegative(range) ? 'nonnegative' : 'unknown'
}
