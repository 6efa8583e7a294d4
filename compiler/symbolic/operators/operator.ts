/**
 * The record of an operator. It holds everything there is to know about the
 * operator, apart from how each target spells it.
 */
import { boolean, scalar, vector } from '../expression.ts'
import type { Expression, Type } from '../expression.ts'
import type { Extended } from '../extended.ts'
import type { Interval } from '../interval.ts'
import type { Bounded, MaskOnly, Unbounded } from './growth.ts'

interface Common {
  /** Type of the result, or a sentence for the person who wrote wrong arguments. */
  readonly type: (args: readonly Type[]) => Type | string
  /** How a file calls it by its name. Absent: the operator has a sign, or no spelling in files. */
  readonly call?: Call
}

/** How a file calls an operator: `min(a, b)`, or `sum(a)`, of a vector. */
export interface Call {
  readonly parameters: string
  /** A phrase about the parameters, to follow the call after a comma. */
  readonly about?: string
}

interface OnNumbers extends Common {
  /** The value in float64; a truth value is 1 or 0. */
  readonly value: (...numbers: number[]) => number
  /** A set that holds every value on arguments from the given sets. */
  readonly range: (...args: Interval[]) => Interval
  /**
   * The partial derivatives, one per argument, as functions of the arguments.
   * Absent: 0 wherever the operator is defined. At a kink, one of the two sides.
   */
  readonly derivative?: (...args: Expression[]) => readonly Expression[]
  /** For an operator of one argument: f(−x) = f(x), or f(−x) = −f(x). */
  readonly parity?: 'even' | 'odd'
  /**
   * The same function in terms of other operators; expectations are taken of this form. Where it ends in − c,
   * f(x) + c is rewritten to the rest of it, because the sum as written loses all digits where f(x) nears −c.
   */
  readonly identity?: (...args: Expression[]) => Expression
  /**
   * How many roundings of 2⁻²⁴ the value has on a target, relative to the value, by the first argument.
   * Absent: 6, and 8 more in absolute terms, since zeros are not met exactly.
   */
  readonly roundings?: (argument: number) => number
}

type OnExtended = (...numbers: Extended[]) => Extended

/** The value on numbers beyond the range of doubles. Absent: the value on the nearest doubles. */
type Values =
  | { readonly growth: Bounded | MaskOnly; readonly extended?: OnExtended }
  | { readonly growth: Unbounded; readonly extended: OnExtended }

/**
 * An operator that takes numbers to a number. Over vectors it works entry by entry, and scalars are broadcast.
 * `growth` is required, and an operator that may grow also needs its `extended` value.
 */
export type ScalarOperator = OnNumbers & Values

/** An operator that has vectors among its arguments and sees their entries together. */
export interface RowOperator extends Common {
  /** The value in float64. */
  readonly evaluate: (...args: (number | Float64Array)[]) => number | Float64Array
}

/** A type as a message names it. */
export function describeType(type: Type): string {
  switch (type.kind) {
    case 'vector':
      return `a vector of ${type.size}`
    case 'matrix':
      return `a matrix of ${type.rows} × ${type.columns}`
    case 'state':
      return 'a state'
    case 'boolean':
      return 'a condition'
    case 'scalar':
      return 'a scalar'
  }
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

/** Type rule: scalars or vectors of one size; the result has the vectors' size. */
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

/** Type rule: scalars alone, to a scalar. */
export const scalarsOnly = (arity: number): ((args: readonly Type[]) => Type | string) =>
  allOf(arity, 'scalar', 'a scalar', () => scalar)

/** Type rule: two scalars, to a condition. */
export const comparison: (args: readonly Type[]) => Type | string = allOf(
  2,
  'scalar',
  'a scalar',
  () => boolean,
)

/** Type rule: conditions, to a condition. */
export const conditions = (arity: number): ((args: readonly Type[]) => Type | string) =>
  allOf(arity, 'boolean', 'a condition', () => boolean)

/** Type rule: vectors alone; `result` gives the type, or a complaint, by their sizes. */
export const vectors = (
  arity: number,
  result: (sizes: readonly number[]) => Type | string,
): ((args: readonly Type[]) => Type | string) =>
  allOf(arity, 'vector', 'a vector', (args) =>
    result(args.map((arg) => (arg.kind === 'vector' ? arg.size : 0))),
  )

/** Type rule: kinds one by one; `result` gives the type, or a complaint. */
export const kinds =
  (expected: readonly Type['kind'][], result: (args: readonly Type[]) => Type | string) =>
  (args: readonly Type[]): Type | string => {
    const complaint = countComplaint(expected.length, args)
    if (complaint !== undefined) return complaint
    const wrong = args.findIndex(({ kind }, index) => kind !== expected[index])
    const [kind, found] = [expected[wrong], args[wrong]]
    return kind === undefined || found === undefined
      ? result(args)
      : `expected ${article[kind]}, found ${describeType(found)}`
  }

const article: Readonly<Record<Type['kind'], string>> = {
  scalar: 'a scalar',
  vector: 'a vector',
  matrix: 'a matrix',
  state: 'a state',
  boolean: 'a condition',
}

/** How many entries a type has, as far as it has some. */
export const sizeOfType = (type: Type | undefined): number => (type?.kind === 'vector' ? type.size : 1)

/** Type rule: like the first argument. */
export const likeFirst = (args: readonly Type[]): Type => vector(sizeOfType(args[0]))
