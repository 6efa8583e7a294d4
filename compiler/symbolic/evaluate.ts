/**
 * The value of an expression in float64. An expression becomes a closure once,
 * which is kept, because the same tree is evaluated on many rows.
 */
import { InvariantError } from '../diagnostics/invariant.ts'
import type { Apply, Expression, Reduce } from './expression.ts'
import { rowOperator, scalarOperator } from './operators.ts'
import type { ScalarOperator } from './operators.ts'
import { freeVariables } from './traverse.ts'

/** A scalar, or the entries of a vector. A truth value is 1 or 0. */
export type Value = number | Float64Array

/** What a variable stands for. */
export type Environment = (name: string) => Value

type Evaluator = (environment: Environment) => Value

const evaluators = new WeakMap<Expression, Evaluator>()

/** A scalar, a vector, or 1 and 0 for true and false. */
export function evaluate(expression: Expression, environment: Environment): Value {
  return evaluator(expression)(environment)
}

/** The value of an expression that is no vector. */
export function evaluateScalar(expression: Expression, environment: Environment): number {
  return asNumber(evaluate(expression, environment))
}

/** An environment of the given names. */
export function environmentOf(values: Readonly<Record<string, Value>>): Environment {
  return (name) => {
    const value = values[name]
    if (value === undefined) throw new InvariantError(`the variable ${name} has no value`)
    return value
  }
}

function evaluator(expression: Expression): Evaluator {
  const known = evaluators.get(expression)
  if (known !== undefined) return known
  const made = makeEvaluator(expression)
  evaluators.set(expression, made)
  return made
}

function makeEvaluator(expression: Expression): Evaluator {
  switch (expression.kind) {
    case 'constant':
      return () => expression.value
    case 'variable':
      return (environment) => environment(expression.name)
    case 'apply':
      return applyEvaluator(expression)
    case 'element': {
      const index = evaluator(expression.index)
      return (environment) => entryOf(environment(expression.vector), asNumber(index(environment)))
    }
    case 'reduce':
      return reduceEvaluator(expression)
  }
}

function applyEvaluator({ operator, args }: Apply): Evaluator {
  const parts = args.map(evaluator)
  const onRows = rowOperator(operator)
  if (onRows !== undefined) return (environment) => onRows.evaluate(...parts.map((part) => part(environment)))
  const onNumbers = scalarOperator(operator)
  if (onNumbers === undefined) throw new InvariantError(`no operator is called ${operator}`)
  return (environment) =>
    lift(
      onNumbers,
      parts.map((part) => part(environment)),
    )
}

function lift({ value }: ScalarOperator, args: readonly Value[]): Value {
  const size = args.find((arg) => typeof arg !== 'number')?.length
  if (size === undefined) return value(...(args as number[]))
  return Float64Array.from({ length: size }, (_, n) =>
    value(...args.map((arg) => (typeof arg === 'number' ? arg : (arg[n] ?? Number.NaN)))),
  )
}

/** One evaluation of a reduce, while its index runs. */
interface Frame {
  readonly index: string
  readonly around: Environment
  /** Values of the inner reduces that do not change with the index. */
  readonly known: Map<Reduce, number>
}

const frames = new WeakMap<Environment, Frame>()

/** Evaluates a reduce within others once for all values of the indexes that it does not mention. */
function reduceEvaluator(reduce: Reduce): Evaluator {
  const sees = freeVariables(reduce)
  const total = totalOf(reduce)
  return (environment) => {
    let around = environment
    let outermost: Frame | undefined
    for (let frame = frames.get(around); frame && !sees.has(frame.index); frame = frames.get(around)) {
      outermost = frame
      around = frame.around
    }
    const before = outermost?.known.get(reduce)
    if (before !== undefined) return before
    const value = total(around)
    outermost?.known.set(reduce, value)
    return value
  }
}

function totalOf({ operator, index, size, body }: Reduce): (environment: Environment) => number {
  const part = evaluator(body)
  return (environment) => {
    let at = 0
    const inner: Environment = (name) => (name === index ? at : environment(name))
    frames.set(inner, { index, around: environment, known: new Map() })
    let total = operator === 'sum' ? 0 : -Infinity
    for (; at < size; at++) {
      const value = asNumber(part(inner))
      total = operator === 'sum' ? total + value : Math.max(total, value)
    }
    return total
  }
}

function entryOf(row: Value, index: number): number {
  // An index that is computed from rows is cut off, as kernels do it.
  const entry = typeof row === 'number' ? undefined : row[Math.floor(index)]
  if (entry === undefined) throw new InvariantError(`a row has an entry ${index}`)
  return entry
}

function asNumber(value: Value): number {
  if (typeof value !== 'number') throw new InvariantError('a vector stands where a scalar is expected')
  return value
}
