/** Makes expressions; every node made here has the type that its operator's record gives it. */
import { InvariantError } from '../diagnostics/invariant.ts'
import { scalar, vector } from './expression.ts'
import type { Apply, Constant, Element, Expression, Reduce, Type, Variable } from './expression.ts'
import { operatorNamed } from './operators.ts'
import type { OperatorName } from './operators.ts'

export const constant = (value: number): Constant => ({ kind: 'constant', type: scalar, value })

export const variable = (name: string, type: Type = scalar): Variable => ({ kind: 'variable', type, name })

/** A vector variable. */
export const row = (name: string, size: number): Variable => variable(name, vector(size))

export const element = (vector: string, index: Expression): Element => ({
  kind: 'element',
  type: scalar,
  vector,
  index,
})

export const reduce = (
  operator: Reduce['operator'],
  index: string,
  size: number,
  body: Expression,
): Reduce => ({ kind: 'reduce', type: scalar, operator, index, size, body })

/** An operator on its arguments; wrong arguments are the caller's defect. */
export function apply(operator: OperatorName, ...args: readonly Expression[]): Apply {
  return applyNamed(operator, args)
}

/** As `apply`, for a name that comes from a tree. */
export function applyNamed(operator: string, args: readonly Expression[]): Apply {
  const type = operatorNamed(operator).type(args.map((arg) => arg.type))
  if (typeof type === 'string') throw new InvariantError(`${operator}: ${type}`)
  if (operator === 'power' && args.every((arg) => arg.kind !== 'constant'))
    throw new InvariantError('power: expected a constant base or a constant exponent')
  return { kind: 'apply', type, operator, args }
}

export const add = (...terms: readonly Expression[]): Expression => chain('add', terms, 0)
export const multiply = (...factors: readonly Expression[]): Expression => chain('multiply', factors, 1)
export const subtract = (a: Expression, b: Expression): Apply => apply('subtract', a, b)
export const divide = (a: Expression, b: Expression): Apply => apply('divide', a, b)
export const negate = (a: Expression): Apply => apply('negate', a)
export const power = (base: Expression, exponent: number): Apply => apply('power', base, constant(exponent))
export const exp = (a: Expression): Apply => apply('exp', a)
export const log = (a: Expression): Apply => apply('log', a)
export const sqrt = (a: Expression): Apply => apply('sqrt', a)
export const dot = (a: Expression, b: Expression): Apply => apply('dot', a, b)

function chain(operator: 'add' | 'multiply', args: readonly Expression[], empty: number): Expression {
  const [first, ...rest] = args
  if (first === undefined) return constant(empty)
  return rest.reduce<Expression>((left, right) => apply(operator, left, right), first)
}
