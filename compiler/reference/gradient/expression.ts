/**
 * Reverse mode over one expression in user form: its value, and what a cotangent of it gives its variables.
 * The derivatives of operators on numbers are those of their records, evaluated at the arguments' values.
 */
import { InvariantError, invariant } from '../../diagnostics/invariant.ts'
import { add, extended, multiply, zero } from '../../symbolic/extended.ts'
import type { Extended } from '../../symbolic/extended.ts'
import { scalar } from '../../symbolic/expression.ts'
import type { Apply, Expression } from '../../symbolic/expression.ts'
import { withoutCancelling } from '../../symbolic/identities.ts'
import { scalarOperator } from '../../symbolic/operators.ts'
import { Evaluator, operation } from '../evaluate.ts'
import type { Value } from '../evaluate.ts'
import { Vector, total } from '../vector.ts'
import { rowPull } from './row-operators.ts'

/** A node of the expression, computed after its arguments. */
interface Step {
  readonly compute: (() => Value) | undefined
  /** Adds to the cotangents of the arguments. Absent where no variable asked for is beneath. */
  readonly pull: ((cotangent: Value) => void) | undefined
  value: Value | undefined
  cotangent: Value | undefined
}

/** An expression that is differentiated by some of its variables. */
export class Derivative {
  readonly #wanted: ReadonlySet<string>
  readonly #variables = new Map<string, Step>()
  readonly #steps: Step[] = []
  readonly #result: Step

  /** @param wanted the variables by which it is differentiated; the others are constants */
  constructor(expression: Expression, wanted: readonly string[]) {
    this.#wanted = new Set(wanted)
    this.#result = this.#compile(expression, new Map())
  }

  /** Gives a variable its value; one that the expression does not name is ignored. */
  set(name: string, value: Value | number): this {
    const step = this.#variables.get(name)
    if (step !== undefined) step.value = typeof value === 'number' ? extended(value) : value
    return this
  }

  value(): Value {
    for (const step of this.#steps) if (step.compute !== undefined) step.value = step.compute()
    return valueOf(this.#result)
  }

  /** The value, and for a cotangent of it those of the variables asked for; absent for one that it does not name. */
  pull(cotangent: Value): (name: string) => Value | undefined {
    this.value()
    for (const step of this.#steps) step.cotangent = undefined
    receive(this.#result, cotangent)
    for (const step of this.#steps.toReversed()) if (step.cotangent !== undefined) step.pull?.(step.cotangent)
    return (name) => this.#variables.get(name)?.cotangent
  }

  #compile(expression: Expression, known: Map<Expression, Step>): Step {
    const seen = known.get(expression)
    if (seen !== undefined) return seen
    const step = this.#step(expression, known)
    known.set(expression, step)
    if (!this.#steps.includes(step)) this.#steps.push(step)
    return step
  }

  #step(expression: Expression, known: Map<Expression, Step>): Step {
    if (expression.kind === 'constant') return leaf(extended(expression.value))
    if (expression.kind === 'variable') return this.#variable(expression.name)
    if (expression.kind !== 'apply')
      throw new InvariantError('the reference is given expressions in user form')
    const exact = withoutCancelling(expression)
    if (exact !== undefined) return this.#compile(exact, known)
    return applied(
      expression,
      expression.args.map((arg) => this.#compile(arg, known)),
    )
  }

  #variable(name: string): Step {
    const known = this.#variables.get(name)
    if (known !== undefined) return known
    const step = leaf(undefined, this.#wanted.has(name))
    this.#variables.set(name, step)
    return step
  }
}

const leaf = (value: Value | undefined, wanted = false): Step => ({
  compute: undefined,
  pull: wanted ? () => {} : undefined,
  value,
  cotangent: undefined,
})

function applied(expression: Apply, args: readonly Step[]): Step {
  const { run } = operation(expression)
  const step: Step = {
    compute: () => run(args.map(valueOf)),
    pull: args.some(({ pull }) => pull !== undefined) ? pullOf(expression, args, () => step) : undefined,
    value: undefined,
    cotangent: undefined,
  }
  return step
}

function pullOf(expression: Apply, args: readonly Step[], self: () => Step): (cotangent: Value) => void {
  const ofRow = rowPull(expression.operator)
  if (ofRow === undefined) return scalarPull(expression, args)
  return (cotangent) => {
    const rows = args.map((arg) => {
      const value = valueOf(arg)
      invariant(value instanceof Vector, 'a row operator is applied to rows')
      return value
    })
    for (const [n, share] of ofRow(cotangent, rows, valueOf(self())).entries())
      receive(args[n] ?? self(), share)
  }
}

/** Entry by entry where an argument is a row; a number that is broadcast gets the sum of its shares. */
function scalarPull(
  { operator, args: expressions }: Apply,
  args: readonly Step[],
): (cotangent: Value) => void {
  const partials = partialsOf(operator, expressions)
  return (cotangent) => {
    const values = args.map(valueOf)
    const at = (value: Value, index: number): Extended => (value instanceof Vector ? value.at(index) : value)
    const share = (n: number, index: number): Extended => {
      const g = at(cotangent, index)
      // Nothing times a derivative that is infinite is nothing.
      if (g.mantissa === 0) return zero
      return multiply(
        g,
        partials(
          n,
          values.map((value) => at(value, index)),
        ),
      )
    }
    for (const [n, arg] of args.entries()) {
      if (arg.pull === undefined) continue
      if (!(cotangent instanceof Vector)) receive(arg, share(n, 0))
      else {
        const shares = Vector.from(cotangent.size, (index) => share(n, index))
        receive(arg, values[n] instanceof Vector ? shares : total(shares))
      }
    }
  }
}

/** The derivative by argument `n` at numbers, of an operator on numbers; its constant arguments stay as they are. */
function partialsOf(
  operator: string,
  expressions: readonly Expression[],
): (n: number, values: readonly Extended[]) => Extended {
  const names = expressions.map((_, n) => `argument ${n}`)
  const args = expressions.map((expression, n): Expression =>
    expression.kind === 'constant' ? expression : { kind: 'variable', type: scalar, name: names[n] ?? '' },
  )
  const derivative = scalarOperator(operator)?.derivative
  if (derivative === undefined) return () => zero
  const partials = derivative(...args).map((partial) => new Evaluator(partial))
  return (n, values) => {
    const partial = partials[n]
    invariant(partial !== undefined, 'an operator has a derivative by each argument')
    for (const [other, value] of values.entries()) partial.set(names[other] ?? '', value)
    return partial.scalar()
  }
}

function receive(step: Step, share: Value): void {
  if (step.pull === undefined) return
  step.cotangent = step.cotangent === undefined ? share : sum(step.cotangent, share)
}

function sum(a: Value, b: Value): Value {
  if (a instanceof Vector && b instanceof Vector)
    return Vector.from(a.size, (index) => add(a.at(index), b.at(index)))
  invariant(!(a instanceof Vector || b instanceof Vector), 'cotangents of one value have its shape')
  return add(a, b)
}

function valueOf({ value }: Step): Value {
  invariant(value !== undefined, 'every variable of an expression is set before it is evaluated')
  return value
}
