/**
 * A mask's condition for one pair of indexes.
 *
 * What is built from indexes and integers by + − * % floor(a / b) abs min max
 * stays in i32, so that `floor(i / 3) == floor(j / 3)` means what it says on
 * every device; anything else is f32, and i32 again once it is rounded down.
 * What the condition has in several places, as it has divisors that may be 0, is
 * one value wherever it is asked for.
 */
import { InvariantError, invariant } from '../../diagnostics/invariant.ts'
import type { Apply, Expression } from '../../symbolic/expression.ts'
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

/** Operators that commute with reduction modulo 2³², so that wrapping i32 arithmetic is exact for them. */
const ring = { add: ir.add, subtract: ir.sub, multiply: ir.mul } as const

const isRingOperator = (operator: string): operator is keyof typeof ring => Object.hasOwn(ring, operator)

/** `names` gives `i`, `j` and `length` as i32. */
export function conditionValue(expression: Expression, names: (name: string) => Value): Value {
  return new Numbers(names).condition(expression)
}

class Numbers {
  readonly #names: (name: string) => Value
  readonly #integers = new Map<Expression, Value | undefined>()
  readonly #reals = new Map<Expression, Value>()

  constructor(names: (name: string) => Value) {
    this.#names = names
  }

  condition(expression: Expression): Value {
    invariant(expression.kind === 'apply', 'a condition is built by operators')
    const { operator, args } = expression
    const [left, right] = args
    invariant(left !== undefined, `${operator} has an argument`)
    if (operator === 'not') return ir.not(this.condition(left))
    invariant(right !== undefined, `${operator} has two arguments`)
    if (operator === 'and') return ir.and(this.condition(left), this.condition(right))
    if (operator === 'or') return ir.or(this.condition(left), this.condition(right))
    if (!(operator in comparisons)) throw new InvariantError(`${operator} is no condition`)
    const compare = comparisons[operator as keyof typeof comparisons]
    const both = this.#integersOf(args)
    const [a = this.#real(left), b = this.#real(right)] = both ?? []
    return compare(a, b)
  }

  /** The value in i32, if it is an integer by the way it is built. */
  #integer(expression: Expression): Value | undefined {
    if (expression.kind === 'constant')
      return (expression.value | 0) === expression.value ? ir.i32(expression.value) : undefined
    if (expression.kind === 'variable') return this.#names(expression.name)
    if (expression.kind !== 'apply') return undefined
    if (this.#integers.has(expression)) return this.#integers.get(expression)
    const value = this.#integerOf(expression)
    this.#integers.set(expression, value)
    return value
  }

  #integerOf({ operator, args }: Apply): Value | undefined {
    const [first] = args
    if (operator === 'floor' && first?.kind === 'apply' && first.operator === 'divide') {
      const quotient = this.#integersOf(first.args)
      if (quotient !== undefined) return ir.call('floorDivide', ...quotient)
    }
    if (operator === 'floor' && first !== undefined)
      return this.#integer(first) ?? ir.convert('i32', ir.call('floor', this.#real(first)))
    const [a, b] = this.#integersOf(args) ?? []
    if (a === undefined) return undefined
    if (operator === 'negate') return ir.neg(a)
    if (operator === 'abs') return ir.call('abs', a)
    if (b === undefined) return undefined
    if (isRingOperator(operator)) return ring[operator](a, b)
    switch (operator) {
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

  #integersOf(expressions: readonly Expression[]): Value[] | undefined {
    const values = expressions.map((one) => this.#integer(one))
    return values.every((value) => value !== undefined) ? values : undefined
  }

  #real(expression: Expression): Value {
    const known = this.#reals.get(expression)
    if (known !== undefined) return known
    const value = this.#realOf(expression)
    this.#reals.set(expression, value)
    return value
  }

  #realOf(expression: Expression): Value {
    const whole = this.#integer(expression)
    if (whole !== undefined) return ir.convert('f32', whole)
    if (expression.kind === 'constant') return ir.f32(expression.value)
    invariant(expression.kind === 'apply', 'what is no integer in a mask is built by operators')
    const { operator, args } = expression
    if (operator === 'random') return ir.call('random', ...args.map((argument) => this.#word(argument)))
    const reals = args.map((argument) => this.#real(argument))
    return operator === 'modulo' ? ir.call('floorModulo', ...reals) : applyOperator(operator, reals)
  }

  /** An integer modulo 2³², which is all that `random` sees of it: constants may be beyond i32. */
  #word(expression: Expression): Value {
    const whole = this.#integer(expression)
    if (whole !== undefined) return whole
    if (expression.kind === 'constant') return ir.i32(expression.value | 0)
    if (expression.kind === 'apply' && isRingOperator(expression.operator)) {
      const [a, b] = expression.args.map((argument) => this.#word(argument))
      invariant(a !== undefined && b !== undefined, `${expression.operator} has two arguments`)
      return ring[expression.operator](a, b)
    }
    return ir.convert('i32', ir.call('floor', this.#real(expression)))
  }
}
