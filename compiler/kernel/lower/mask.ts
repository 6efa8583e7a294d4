/**
 * A mask's condition for one pair of indexes.
 *
 * What is built from indexes and integers by + − * % floor(a / b) abs min max
 * stays in i32, so that `floor(i / 3) == floor(j / 3)` means what it says on
 * every device; anything else is f32, and i32 again once it is rounded down.
 */
import { InvariantError, invariant } from '../../diagnostics/invariant.ts'
import type { Expression } from '../../symbolic/expression.ts'
import * as ir from '../build.ts'
import type { Value } from '../kernel.ts'
import { applyOperator } from './operators.ts'

const comparisons = {
  less: ir.lt,
  lessEqual: ir.le,
  greater: ir.gt,
  greaterEqual: ir.ge,
  equal: ir.eq,
  notEqual: ir.ne,
} as const

/** What modulo 2³² is as good as on all integers. */
const ring = { add: ir.add, subtract: ir.sub, multiply: ir.mul } as const

const isRingOperator = (operator: string): operator is keyof typeof ring => Object.hasOwn(ring, operator)

/** `names` gives `i`, `j` and `length` as i32. */
export function conditionValue(expression: Expression, names: (name: string) => Value): Value {
  invariant(expression.kind === 'apply', 'a condition is built by operators')
  const { operator, args } = expression
  const [left, right] = args
  invariant(left !== undefined, `${operator} has an argument`)
  if (operator === 'not') return ir.not(conditionValue(left, names))
  invariant(right !== undefined, `${operator} has two arguments`)
  if (operator === 'and') return ir.and(conditionValue(left, names), conditionValue(right, names))
  if (operator === 'or') return ir.or(conditionValue(left, names), conditionValue(right, names))
  if (!(operator in comparisons)) throw new InvariantError(`${operator} is no condition`)
  const compare = comparisons[operator as keyof typeof comparisons]
  const both = integer(left, names) !== undefined && integer(right, names) !== undefined
  const side = (one: Expression): Value => (both ? integer(one, names) : undefined) ?? real(one, names)
  return compare(side(left), side(right))
}

/** The value in i32, if it is an integer by the way it is built. */
function integer(expression: Expression, names: (name: string) => Value): Value | undefined {
  if (expression.kind === 'constant')
    return (expression.value | 0) === expression.value ? ir.i32(expression.value) : undefined
  if (expression.kind === 'variable') return names(expression.name)
  if (expression.kind !== 'apply') return undefined
  const [first, second] = expression.args
  if (expression.operator === 'floor' && first?.kind === 'apply' && first.operator === 'divide') {
    const quotient = integers(first.args, names)
    if (quotient !== undefined) return ir.call('floorDivide', ...quotient)
  }
  if (expression.operator === 'floor' && first !== undefined)
    return integer(first, names) ?? ir.convert('i32', ir.call('floor', real(first, names)))
  const args = integers(expression.args, names)
  const a = args?.[0]
  if (args === undefined || a === undefined || first === undefined) return undefined
  if (expression.operator === 'negate') return ir.neg(a)
  if (expression.operator === 'abs') return ir.call('abs', a)
  const b = args[1]
  if (b === undefined || second === undefined) return undefined
  if (isRingOperator(expression.operator)) return ring[expression.operator](a, b)
  switch (expression.operator) {
    case 'modulo':
      return ir.call('floorModulo', a, b)
    case 'min':
      return ir.call('min', a, b)
    case 'max':
      return ir.call('max', a, b)
    default:
      return undefined
  }
}

function integers(expressions: readonly Expression[], names: (name: string) => Value): Value[] | undefined {
  const values = expressions.map((one) => integer(one, names))
  return values.every((value) => value !== undefined) ? values : undefined
}

function real(expression: Expression, names: (name: string) => Value): Value {
  const whole = integer(expression, names)
  if (whole !== undefined) return ir.convert('f32', whole)
  if (expression.kind === 'constant') return ir.f32(expression.value)
  invariant(expression.kind === 'apply', 'what is no integer in a mask is built by operators')
  if (expression.operator === 'random')
    return ir.call('random', ...expression.args.map((argument) => word(argument, names)))
  const args = expression.args.map((argument) => real(argument, names))
  return expression.operator === 'modulo'
    ? ir.call('floorModulo', ...args)
    : applyOperator(expression.operator, args)
}

/** An integer modulo 2³², which is all that `random` sees of it: constants may be beyond i32. */
function word(expression: Expression, names: (name: string) => Value): Value {
  const whole = integer(expression, names)
  if (whole !== undefined) return whole
  if (expression.kind === 'constant') return ir.i32(expression.value | 0)
  if (expression.kind === 'apply' && isRingOperator(expression.operator)) {
    const [a, b] = expression.args.map((argument) => word(argument, names))
    invariant(a !== undefined && b !== undefined, `${expression.operator} has two arguments`)
    return ring[expression.operator](a, b)
  }
  return ir.convert('i32', ir.call('floor', real(expression, names)))
}
