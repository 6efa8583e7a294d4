/**
 * Evaluates expressions in user form, exactly as they are written, apart from sums that would cancel
 * (`symbolic/identities.ts`).
 *
 * An expression becomes a list of steps, arguments first. A step remembers its
 * last value and runs again only when a variable beneath it was set: of
 * exp(dot(w, x) − dot(x, x)/2) a new w costs one inner product, not two.
 */
import { InvariantError, invariant } from '../diagnostics/invariant.ts'
import type { Apply, Expression } from '../symbolic/expression.ts'
import { withoutCancelling } from '../symbolic/identities.ts'
import { rowOperator, scalarOperator } from '../symbolic/operators.ts'
import { extended, toNumber } from '../symbolic/extended.ts'
import type { Extended } from '../symbolic/extended.ts'
import { extendedRowFunction } from './rows.ts'
import { Vector } from './vector.ts'

export type Value = Extended | Vector

interface Step {
  value: Value | undefined
  /** One bit for each variable that the step sees. */
  readonly sees: number
  readonly run: (() => Value) | undefined
}

export class Evaluator {
  readonly #variables = new Map<string, Step>()
  readonly #steps: Step[] = []
  readonly #result: Step
  #stale = 0

  constructor(expression: Expression) {
    this.#result = this.#compile(expression, new Map())
  }

  /** Gives a variable its value; one that the expression does not name is ignored. */
  set(name: string, value: Value | number): this {
    const step = this.#variables.get(name)
    if (step !== undefined) {
      step.value = typeof value === 'number' ? extended(value) : value
      this.#stale |= step.sees
    }
    return this
  }

  value(): Value {
    for (const step of this.#steps)
      if (step.run !== undefined && (step.value === undefined || (step.sees & this.#stale) !== 0))
        step.value = step.run()
    this.#stale = 0
    return present(this.#result)
  }

  scalar(): Extended {
    const value = this.value()
    invariant(!(value instanceof Vector), 'a scalar expression has a scalar value')
    return value
  }

  #compile(expression: Expression, known: Map<Expression, Step>): Step {
    const seen = known.get(expression)
    if (seen !== undefined) return seen
    const step = this.#step(expression, known)
    known.set(expression, step)
    this.#steps.push(step)
    return step
  }

  #step(expression: Expression, known: Map<Expression, Step>): Step {
    if (expression.kind === 'constant') return { value: extended(expression.value), sees: 0, run: undefined }
    if (expression.kind === 'variable') return this.#variable(expression.name)
    if (expression.kind !== 'apply')
      throw new InvariantError('the reference is given expressions in user form')
    const exact = withoutCancelling(expression)
    if (exact !== undefined) return this.#compile(exact, known)
    const { args, run } = operation(expression)
    const steps = args.map((arg) => this.#compile(arg, known))
    return {
      value: undefined,
      sees: steps.reduce((bits, { sees }) => bits | sees, 0),
      run: () => run(steps.map(present)),
    }
  }

  #variable(name: string): Step {
    const known = this.#variables.get(name)
    if (known !== undefined) return known
    const step: Step = { value: undefined, sees: 1 << this.#variables.size, run: undefined }
    this.#variables.set(name, step)
    return step
  }
}

function present({ value }: Step): Value {
  invariant(value !== undefined, 'every variable of an expression is set before it is evaluated')
  return value
}

/** How an operator computes its value. */
interface Operation {
  readonly args: readonly Expression[]
  readonly run: (values: readonly Value[]) => Value
}

/** The function that an application evaluates, of the values of its arguments. */
export function operation(expression: Apply): Operation {
  const { operator, args } = expression
  const scalar = scalarOperator(operator)
  const { extended: extendedScalar } = scalar ?? {}
  if (extendedScalar !== undefined) return { args, run: lift((numbers) => extendedScalar(...numbers)) }
  const extendedRow = extendedRowFunction(operator)
  if (extendedRow !== undefined)
    return { args, run: ([a, b]) => extendedRow(asRow(a), b === undefined ? undefined : asRow(b)) }
  if (scalar !== undefined)
    return { args, run: lift((numbers) => extended(scalar.value(...numbers.map(toNumber)))) }
  const row = rowOperator(operator)
  if (row !== undefined) return { args, run: (values) => fromPlain(row.evaluate(...values.map(toPlain))) }
  throw new InvariantError(`the operator ${operator} is in the table of operators`)
}

/** A function of numbers, entry by entry where an argument is a row. */
function lift(f: (numbers: Extended[]) => Extended): (values: readonly Value[]) => Value {
  return (values) => {
    const row = values.find((value) => value instanceof Vector)
    const entries = (index: number): Extended[] =>
      values.map((value) => (value instanceof Vector ? value.at(index) : value))
    return row === undefined ? f(entries(0)) : Vector.from(row.size, (index) => f(entries(index)))
  }
}

function asRow(value: Value | undefined): Vector {
  invariant(value instanceof Vector, 'a row operator is applied to rows')
  return value
}

/** Rows of plain numbers are not copied: tables of pairs are long, and no operator writes to its arguments. */
function toPlain(value: Value): number | Float64Array {
  if (!(value instanceof Vector)) return toNumber(value)
  if (value.log === undefined) return value.mantissa
  return Float64Array.from({ length: value.size }, (_, index) => toNumber(value.at(index)))
}

const fromPlain = (value: number | Float64Array): Value =>
  typeof value === 'number'
    ? extended(value)
    : Vector.from(value.length, (index) => extended(value[index] ?? NaN))
