/** Builders of expressions. Each node gets the type that its operator's record gives it. */
import { InvariantError } from '../diagnostics/invariant.ts'
import { scalar, vector } from './expression.ts'
import type { Apply, Constant, Element, Expression, Reduce, Type, Variable } from './expression.ts'
import { operatorNamed } from './operators.ts'
import type { OperatorName } from './operators.ts'

/** A number. */
export const constant = (value: number): Constant => ({ kind: 'constant', type: scalar, value })

/** A name for a value from outside, a scalar unless a type is given. */
export const variable = (name: string, type: Type = scalar, given?: Variable['given']): Variable => ({
  kind: 'variable',
  type,
  name,
  ...(given && { given }),
})

/** A vector variable. */
export const row = (name: string, size: number): Variable => variable(name, vector(size))

/** Entry `index` of a vector variable. */
export const element = (vector: string, index: Expression): Element => ({
  kind: 'element',
  type: scalar,
  vector,
  index,
})

/** The sum or the maximum of `body` over an index from 0 to size − 1. */
export const reduce = (
  operator: Reduce['operator'],
  index: string,
  size: number,
  body: Expression,
): Reduce => ({ kind: 'reduce', type: scalar, operator, index, size, body })

/** An operator on its arguments. Arguments of a wrong type are a defect of the caller. */
export function apply(operator: OperatorName, ...args: readonly Expression[]): Apply {
  return applyNamed(operator, args)
}

/** An operator by a name that comes from a tree. */
export function applyNamed(operator: string, args: readonly Expression[]): Apply {
  const type = operatorNamed(operator).type(args.map((arg) => arg.type))
  if (typeof type === 'string') throw new InvariantError(`${operator}: ${type}`)
  if (operator === 'power' && args.every((arg) => arg.kind !== 'constant'))
    throw new InvariantError('power: expected a constant base or a constant exponent')
  return { kind: 'apply', type, operator, args }
}

/** Entries of a vector from `start` to before `end`. */
export const slice = (a: Expression, start: number, end: number): Apply => ({
  kind: 'apply',
  type: vector(end - start),
  operator: 'slice',
  args: [a, constant(start), constant(end)],
})

/** a + b + …; 0 for no terms. */
export const add = (...terms: readonly Expression[]): Expression => chain('add', terms, 0)
/** a·b·…; 1 for no factors. */
export const multiply = (...factors: readonly Expression[]): Expression => chain('multiply', factors, 1)
/** a − b. */
export const subtract = (a: Expression, b: Expression): Apply => apply('subtract', a, b)
/** a/b. */
export const divide = (a: Expression, b: Expression): Apply => apply('divide', a, b)
/** −a. */
export const negate = (a: Expression): Apply => apply('negate', a)
/** base^exponent, for a constant exponent. */
export const power = (base: Expression, exponent: number): Apply => apply('power', base, constant(exponent))
/** The exponential. */
export const exp = (a: Expression): Apply => apply('exp', a)
/** The natural logarithm. */
export const log = (a: Expression): Apply => apply('log', a)
/** The square root. */
export const sqrt = (a: Expression): Apply => apply('sqrt', a)
/** The inner product of two vectors. */
export const dot = (a: Expression, b: Expression): Apply => apply('dot', a, b)

function chain(operator: 'add' | 'multiply', args: readonly Expression[], empty: number): Expression {
  const [first, ...rest] = args
  if (first === undefined) return constant(empty)
  return rest.reduce<Expression>((left, right) => apply(operator, left, right), first)
}
