/**
 * Binary operators on values, folded where folding is exact.
 *
 * Numbers fold in the arithmetic of their type, in which i32 wraps. Integers drop neutral operands
 * and gather constants (`x + 3 + 4` is `x + 7`). A float drops what is exact for
 * every float: `x * 1`, `x / 1` and `x - 0`.
 */

import { invariant } from '../diagnostics/invariant.ts'
import type { BinaryOperator, ScalarType, Value } from './kernel.ts'
import { typeOf, yieldsBoolean } from './types.ts'

/** An operation on two values of one type, folded to a constant or to one operand if that is exact. */
export function binary(operator: BinaryOperator, left: Value, right: Value): Value {
  if (left.kind === 'number' && right.kind === 'number')
    return foldNumbers(operator, left.type, left.value, right.value)
  const simpler = dropNeutral(operator, left, right) ?? gather(operator, left, right)
  return simpler ?? { kind: 'binary', operator, left, right }
}

function foldNumbers(operator: BinaryOperator, type: ScalarType, left: number, right: number): Value {
  const value = evaluate(operator, type, left, right)
  if (yieldsBoolean(operator)) return { kind: 'number', type: 'bool', value }
  const fits = type === 'u32' ? value >= 0 && value <= 0xffffffff : type !== 'i32' || (value | 0) === value
  invariant(fits && Number.isFinite(value), `${left} ${operator} ${right} is a number of type ${type}`)
  return { kind: 'number', type, value }
}

function evaluate(operator: BinaryOperator, type: ScalarType, left: number, right: number): number {
  const round = type === 'f32' ? Math.fround : type === 'i32' ? (value: number) => value | 0 : Math.trunc
  switch (operator) {
    case '+':
      return round(left + right)
    case '-':
      return round(left - right)
    case '*':
      return type === 'i32' ? Math.imul(left, right) : round(left * right)
    case '/':
      return round(left / right)
    case '%':
      return left % right
    case '<':
      return Number(left < right)
    case '<=':
      return Number(left <= right)
    case '>':
      return Number(left > right)
    case '>=':
      return Number(left >= right)
    case '==':
      return Number(left === right)
    case '!=':
      return Number(left !== right)
    case '&&':
      return left && right
    case '||':
      return left || right
  }
}

/** The operand that an operation comes to if the other one is a neutral or absorbing constant. */
function dropNeutral(operator: BinaryOperator, left: Value, right: Value): Value | undefined {
  const integers = typeOf(left) === 'u32' || typeOf(left) === 'i32'
  const is = (value: Value, number: number): boolean =>
    (value.kind === 'number' && Object.is(value.value, number)) ||
    (value.kind === 'splat' && is(value.value, number))
  const nothing: Value = {
    kind: 'number',
    type: integers ? (typeOf(left) as 'u32' | 'i32') : 'bool',
    value: 0,
  }
  switch (operator) {
    case '+':
      if (integers && is(right, 0)) return left
      return integers && is(left, 0) ? right : undefined
    case '-':
      return is(right, 0) ? left : undefined
    case '*':
      if (is(right, 1)) return left
      if (is(left, 1)) return right
      return integers && (is(left, 0) || is(right, 0)) ? nothing : undefined
    case '/':
      return is(right, 1) ? left : undefined
    case '%':
      return integers && is(right, 1) ? nothing : undefined
    case '&&':
      if (is(left, 0) || is(right, 0)) return nothing
      if (is(left, 1)) return right
      return is(right, 1) ? left : undefined
    case '||':
      if (is(left, 1)) return left
      if (is(right, 1)) return right
      if (is(left, 0)) return right
      return is(right, 0) ? left : undefined
    default:
      return undefined
  }
}

/** `(x + a) + b` and `(x * a) * b` on integers, whose wrapping arithmetic is associative. */
function gather(operator: BinaryOperator, left: Value, right: Value): Value | undefined {
  if (operator !== '+' && operator !== '*') return undefined
  if (right.kind !== 'number' || right.type === 'f32') return undefined
  if (left.kind !== 'binary' || left.operator !== operator || left.right.kind !== 'number') return undefined
  return binary(operator, left.left, foldNumbers(operator, right.type, left.right.value, right.value))
}
