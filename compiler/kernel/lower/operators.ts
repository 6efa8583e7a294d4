/**
 * From operators of the language to values of a kernel: arithmetic on whichever
 * of f32 and vec4f the arguments are (a scalar meets a vector by `splat`), and
 * u32 arithmetic for the indexes of entries.
 */
import { invariant, InvariantError } from '../../diagnostics/invariant.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { add, call, div, mod, mul, neg, splat, sub, typeOf, u32 } from '../build.ts'
import { isIntrinsic } from '../intrinsics.ts'
import type { Value } from '../kernel.ts'

/** A scalar operator on f32 and vec4f values. */
export function applyOperator(operator: string, args: readonly Value[]): Value {
  const wide = args.some((argument) => typeOf(argument) === 'vec4f')
  const operands = wide ? args.map(widen) : args
  const [a, b] = operands
  invariant(a !== undefined, `${operator} has an argument`)
  if (b !== undefined) {
    if (operator === 'add') return add(a, b)
    if (operator === 'subtract') return sub(a, b)
    if (operator === 'multiply') return mul(a, b)
    if (operator === 'divide') return div(a, b)
  }
  if (operator === 'negate') return neg(a)
  if (operator === 'modulo' && b !== undefined) return call('floorModulo', a, b)
  // Beside a sum it is one instruction.
  if (operator === 'power' && isNumber(args[1], 2) && isAtHand(a)) return mul(a, a)
  invariant(isIntrinsic(operator), `the operator ${operator} has a spelling in kernels`)
  return call(operator, ...operands)
}

const isNumber = (value: Value | undefined, number: number): boolean =>
  value?.kind === 'number' && value.value === number

/** Whether a value may be written twice, since it is computed already. */
const isAtHand = (value: Value): boolean =>
  value.kind === 'name' ||
  (value.kind === 'lane' && isAtHand(value.vector)) ||
  (value.kind === 'splat' && isAtHand(value.value))

/** Repeats an f32 in the four lanes of a vec4f; a vec4f stays as it is. */
export const widen = (value: Value): Value => (typeOf(value) === 'vec4f' ? value : splat(value))

/** Operators between integers that are not negative, of which `indexValue` makes integers again. */
const ofIndexes: ReadonlySet<string> = new Set([
  'add',
  'subtract',
  'multiply',
  'modulo',
  'min',
  'max',
  'relu',
])

/** Whether an index is built of integers and index variables alone; others are computed as numbers and cut off. */
export const isOfIndexes = (expression: Expression, isIndex: (name: string) => boolean): boolean => {
  if (expression.kind === 'constant') return Number.isInteger(expression.value)
  if (expression.kind === 'variable') return isIndex(expression.name)
  if (expression.kind !== 'apply') return false
  if (expression.operator === 'floor') {
    const [quotient] = expression.args
    const parts =
      quotient?.kind === 'apply' && ['divide', 'multiply'].includes(quotient.operator) ? quotient.args : []
    return parts.length > 0 && parts.every((part) => part.kind === 'constant' || isOfIndexes(part, isIndex))
  }
  return ofIndexes.has(expression.operator) && expression.args.every((part) => isOfIndexes(part, isIndex))
}

/** An index expression as a u32; `names` gives the index variables. Integers on the way may wrap, and come back. */
export function indexValue(expression: Expression, names: (name: string) => Value): Value {
  if (expression.kind === 'constant') return u32(expression.value)
  if (expression.kind === 'variable') return names(expression.name)
  invariant(expression.kind === 'apply', 'an index is built from integers and index variables')
  const [first, second] = expression.args
  invariant(first !== undefined, 'an operator has an argument')
  if (expression.operator === 'floor') return quotient(first, names)
  // No index is negative, but for one that no product takes.
  if (expression.operator === 'relu') return indexValue(first, names)
  invariant(second !== undefined, `${expression.operator} of indexes takes two arguments`)
  const a = indexValue(first, names)
  const b = indexValue(second, names)
  switch (expression.operator) {
    case 'add':
      return add(a, b)
    case 'subtract':
      return sub(a, b)
    case 'multiply':
      return mul(a, b)
    case 'modulo':
      return mod(a, b)
    case 'min':
    case 'max':
      return call(expression.operator, a, b)
    default:
      throw new InvariantError(`no index is built with ${expression.operator}`)
  }
}

/** ⌊a / b⌋ in one integer division; a quotient by a constant may have become a product. */
function quotient(expression: Expression, names: (name: string) => Value): Value {
  invariant(expression.kind === 'apply', 'only a quotient of indexes is rounded down')
  const [a, b] = expression.args
  invariant(a !== undefined && b !== undefined, 'a quotient has two parts')
  if (expression.operator === 'divide') return div(indexValue(a, names), indexValue(b, names))
  const [factor, dividend] = a.kind === 'constant' ? [a, b] : [b, a]
  invariant(
    expression.operator === 'multiply' && factor.kind === 'constant',
    'only a quotient of indexes is rounded down',
  )
  const divisor = Math.round(1 / factor.value)
  invariant(Math.abs(divisor * factor.value - 1) < 1e-12, 'an index is divided by an integer')
  return div(indexValue(dividend, names), u32(divisor))
}
