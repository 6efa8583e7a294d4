/**
 * What an operator's record says. A record is all there is to know about an
 * operator apart from how a target spells it.
 */
import { boolean, scalar } from '../expression.ts'
import type { Expression, Type } from '../expression.ts'
import type { Interval } from '../interval.ts'

interface Typed {
  /** Type of the result, or a sentence for the person who wrote wrong arguments. */
  readonly type: (args: readonly Type[]) => Type | string
}

/** Numbers to a number; lifted entry by entry over vectors, with scalars broadcast. */
export interface ScalarOperator extends Typed {
  /** In float64; a truth value is 1 or 0. */
  readonly value: (...numbers: number[]) => number
  /** A set that holds every value it takes on arguments from the given sets. */
  readonly range: (...args: Interval[]) => Interval
  /**
   * The partial derivatives, one per argument, as functions of the arguments.
   * Absent: 0 wherever it is defined. At a kink, one of the two sides.
   */
  readonly derivative?: (...args: Expression[]) => readonly Expression[]
  /** Of one argument: f(−x) = f(x), or f(−x) = −f(x). */
  readonly parity?: 'even' | 'odd'
}

/** Has vectors among its arguments and sees their entries together. */
export interface RowOperator extends Typed {
  readonly evaluate: (...args: (number | Float64Array)[]) => number | Float64Array
}

export function describeType(type: Type): string {
  if (type.kind === 'vector') return `a vector of ${type.size}`
  return type.kind === 'boolean' ? 'a condition' : 'a scalar'
}

function countComplaint(expected: number, args: readonly Type[]): string | undefined {
  if (args.length === expected) return undefined
  return `expected ${expected} argument${expected === 1 ? '' : 's'}, found ${args.length}`
}

function firstComplaint(
  args: readonly Type[],
  kinds: readonly Type['kind'][],
  wanted: string,
): string | undefined {
  const wrong = args.find((arg) => !kinds.includes(arg.kind))
  return wrong && `expected ${wanted}, found ${describeType(wrong)}`
}

/** Scalars or vectors of one size; the result has the vectors' size. */
export const elementwise =
  (arity: number) =>
  (args: readonly Type[]): Type | string => {
    const complaint =
      countComplaint(arity, args) ?? firstComplaint(args, ['scalar', 'vector'], 'a scalar or a vector')
    if (complaint !== undefined) return complaint
    let result: Type = scalar
    for (const arg of args) {
      if (arg.kind !== 'vector') continue
      if (result.kind === 'vector' && result.size !== arg.size)
        return `expected vectors of one size, found sizes ${result.size} and ${arg.size}`
      result = arg
    }
    return result
  }

const allOf =
  (arity: number, kind: Type['kind'], wanted: string, result: (args: readonly Type[]) => Type | string) =>
  (args: readonly Type[]): Type | string =>
    countComplaint(arity, args) ?? firstComplaint(args, [kind], wanted) ?? result(args)

export const scalarsOnly = (arity: number): ((args: readonly Type[]) => Type | string) =>
  allOf(arity, 'scalar', 'a scalar', () => scalar)

export const comparison: (args: readonly Type[]) => Type | string = allOf(
  2,
  'scalar',
  'a scalar',
  () => boolean,
)

export const conditions = (arity: number): ((args: readonly Type[]) => Type | string) =>
  allOf(arity, 'boolean', 'a condition', () => boolean)

/** One or more vectors, to what `result` makes of their sizes. */
export const vectors = (
  arity: number,
  result: (sizes: readonly number[]) => Type | string,
): ((args: readonly Type[]) => Type | string) =>
  allOf(arity, 'vector', 'a vector', (args) =>
    result(args.map((arg) => (arg.kind === 'vector' ? arg.size : 0))),
  )
