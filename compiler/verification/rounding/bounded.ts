/**
 * The value of an expression in component form together with a bound on what
 * f32 arithmetic may make of it: running error analysis (Higham, Accuracy and
 * Stability of Numerical Algorithms, chapter 3). Each operation carries the
 * errors of its arguments on, by trying its function at the ends of their
 * intervals, and adds its own rounding.
 *
 * A tolerance that follows from the expression holds for features nobody here
 * has seen: it is wide exactly where an expression is ill-conditioned.
 */
import { InvariantError } from '../../diagnostics/invariant.ts'
import type { Apply, Expression, Reduce } from '../../symbolic/expression.ts'
import { scalarOperator } from '../../symbolic/operators.ts'
import type { ScalarOperator } from '../../symbolic/operators.ts'
import { smallestSingle, unit } from '../../symbolic/single.ts'
import { freeVariables } from '../../symbolic/traverse.ts'

export interface Bounded {
  readonly value: number
  readonly error: number
}

interface ScalarCell {
  value: number
  error: number
}

interface RowCell {
  values: Float64Array
  /** Of every entry, as a share of it. */
  error: number
  /** How often it was set. */
  version: number
}

/** What the names of expressions stand for: cells that are set between one evaluation and the next. */
export class Bindings {
  readonly #scalars = new Map<string, ScalarCell>()
  readonly #rows = new Map<string, RowCell>()

  scalar(name: string): ScalarCell {
    let cell = this.#scalars.get(name)
    if (cell === undefined) this.#scalars.set(name, (cell = { value: Number.NaN, error: 0 }))
    return cell
  }

  row(name: string): RowCell {
    let cell = this.#rows.get(name)
    if (cell === undefined)
      this.#rows.set(name, (cell = { values: new Float64Array(0), error: 0, version: 0 }))
    return cell
  }

  setScalar(name: string, value: number, error = 0): void {
    const cell = this.scalar(name)
    cell.value = value
    cell.error = error
  }

  /** @param error of every entry, as a share of it */
  setRow(name: string, values: Float64Array, error = 0): void {
    const cell = this.row(name)
    cell.values = values
    cell.error = error
    cell.version++
  }
}

/** Gives the value, and leaves its bound in `lastError`: there are millions, and no time for objects. */
type Evaluate = () => number
let lastError = 0

export function boundedEvaluator(expression: Expression, bindings: Bindings): () => Bounded {
  const evaluate = compile(expression, bindings)
  return () => {
    const value = evaluate()
    return { value, error: Number.isNaN(lastError) ? Infinity : lastError }
  }
}

function compile(expression: Expression, bindings: Bindings): Evaluate {
  const evaluate = compileNode(expression, bindings)
  if (expression.kind !== 'apply' || freeVariables(expression).size > 0) return evaluate
  const value = evaluate()
  const error = lastError
  return () => {
    lastError = error
    return value
  }
}

function compileNode(expression: Expression, bindings: Bindings): Evaluate {
  switch (expression.kind) {
    case 'constant': {
      const { value } = expression
      const error = Number.isInteger(value) && Math.abs(value) < 2 ** 24 ? 0 : unit * Math.abs(value)
      return () => {
        lastError = error
        return value
      }
    }
    case 'variable': {
      const cell = bindings.scalar(expression.name)
      return () => {
        lastError = cell.error
        return cell.value
      }
    }
    case 'element': {
      const index = compile(expression.index, bindings)
      const row = bindings.row(expression.vector)
      return () => {
        const value = row.values[index()] ?? Number.NaN
        lastError = row.error * Math.abs(value)
        return value
      }
    }
    case 'reduce':
      return compileReduce(expression, bindings)
    case 'apply':
      return compileApply(expression, bindings)
  }
}

function compileReduce({ operator, index, size, body }: Reduce, bindings: Bindings): Evaluate {
  const product = operator === 'sum' ? innerProduct(body, index) : undefined
  if (product !== undefined) return compileProduct(bindings, product, size)
  const part = compile(body, bindings)
  const counter = bindings.scalar(index)
  const loss = lossOfSum(size)
  return () => {
    let total = operator === 'sum' ? 0 : -Infinity
    let error = 0
    let magnitude = 0
    for (let at = 0; at < size; at++) {
      counter.value = at
      const value = part()
      if (operator === 'sum') {
        total += value
        error += lastError
        magnitude += Math.abs(value)
      } else {
        total = Math.max(total, value)
        error = Math.max(error, lastError)
      }
    }
    lastError = error + loss * magnitude
    return total
  }
}

/**
 * A sum loses a rounding of the whole with each term. That is seldom more than √n of
 * them, but terms that are alike are all rounded alike: n is met in practice.
 */
export const lossOfSum = (terms: number): number => (4 + terms) * unit

/** The two rows of Σ_t a[t]·b[t], or twice that of Σ_t a[t]², the sums that nearly all time goes into. */
function innerProduct(body: Expression, index: string): readonly [string, string] | undefined {
  if (body.kind !== 'apply') return undefined
  const rowOf = (part: Expression | undefined): string | undefined =>
    part?.kind === 'element' && part.index.kind === 'variable' && part.index.name === index
      ? part.vector
      : undefined
  const [left, right] = body.args
  const a = rowOf(left)
  if (a === undefined) return undefined
  if (body.operator === 'power') return right?.kind === 'constant' && right.value === 2 ? [a, a] : undefined
  const b = body.operator === 'multiply' ? rowOf(right) : undefined
  return b === undefined ? undefined : [a, b]
}

/** A product of rows that neither of them has changed since is known: x·x while w goes through a projection. */
function compileProduct(
  bindings: Bindings,
  [left, right]: readonly [string, string],
  size: number,
): Evaluate {
  const a = bindings.row(left)
  const b = bindings.row(right)
  const loss = lossOfSum(size) + unit
  let [seenOfA, seenOfB] = [-1, -1]
  let total = 0
  let error = 0
  return () => {
    if (seenOfA !== a.version || seenOfB !== b.version) {
      let magnitude = 0
      total = 0
      for (let at = 0; at < size; at++) {
        const product = (a.values[at] ?? Number.NaN) * (b.values[at] ?? Number.NaN)
        total += product
        magnitude += Math.abs(product)
      }
      error = (a.error + b.error + loss) * magnitude + size * smallestSingle
      seenOfA = a.version
      seenOfB = b.version
    }
    lastError = error
    return total
  }
}

function compileApply({ operator, args }: Apply, bindings: Bindings): Evaluate {
  const [first, second] = args.map((arg) => compile(arg, bindings))
  if (first === undefined) throw new InvariantError(`${operator} has arguments`)
  if (second === undefined) return unary(operator, first)
  switch (operator) {
    case 'add':
    case 'subtract':
      return () => {
        const a = first()
        const carried = lastError
        const b = second()
        const value = operator === 'add' ? a + b : a - b
        lastError += carried + unit * Math.abs(value)
        return value
      }
    case 'multiply':
      return () => {
        const a = first()
        const carried = lastError
        const b = second()
        lastError =
          Math.abs(a) * lastError +
          Math.abs(b) * carried +
          carried * lastError +
          unit * Math.abs(a * b) +
          smallestSingle
        return a * b
      }
    default:
      return binary(operator, first, second)
  }
}

/** The rounding of a function beside those of its arguments: what targets promise, and a bit. */
function ownErrorOf(operator: string): (argument: number, value: number) => number {
  const { roundings } = recordOf(operator)
  return roundings === undefined
    ? (_, value) => unit * (6 * Math.abs(value) + 8) + smallestSingle
    : (argument, value) => unit * roundings(argument) * Math.abs(value) + smallestSingle
}

function unary(operator: string, argument: Evaluate): Evaluate {
  const { value: apply } = recordOf(operator)
  const ownError = ownErrorOf(operator)
  return () => {
    const a = argument()
    const carried = lastError
    const value = apply(a)
    lastError = carried === 0 ? 0 : spread(value, apply(a - carried), apply(a + carried))
    lastError += ownError(a, value)
    return value
  }
}

function binary(operator: string, first: Evaluate, second: Evaluate): Evaluate {
  const { value: apply } = recordOf(operator)
  const ownError = ownErrorOf(operator)
  return () => {
    const a = first()
    const errorOfA = lastError
    const b = second()
    const errorOfB = lastError
    const value = apply(a, b)
    lastError =
      spread(value, apply(a - errorOfA, b), apply(a + errorOfA, b)) +
      spread(value, apply(a, b - errorOfB), apply(a, b + errorOfB)) +
      ownError(a, value)
    // A divisor that may be 0 makes anything of a quotient.
    if (operator === 'divide' && Math.abs(b) <= errorOfB) lastError = Infinity
    return value
  }
}

const spread = (value: number, low: number, high: number): number =>
  Math.max(Math.abs(low - value), Math.abs(high - value))

function recordOf(operator: string): ScalarOperator {
  const record = scalarOperator(operator)
  if (record === undefined) throw new InvariantError(`${operator} is an operator on numbers`)
  return record
}
