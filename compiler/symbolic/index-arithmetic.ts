/**
 * Overflow of the integers in a mask. A device computes integers exactly up to a limit only; this finds the
 * largest number of rows for which no integer of the mask can pass it.
 */
import type { Expression } from './expression.ts'
import { interval, isBounded, point } from './interval.ts'
import type { Interval } from './interval.ts'
import { scalarOperator } from './operators.ts'

/** The limits up to which arithmetic on integers is exact, for both signs. */
export interface Exact {
  readonly integer: number
  /** Limit of a in ⌊a / b⌋ and a mod b. */
  readonly dividend: number
}

/** Kernels of workgroups compute in i32. */
export const inWords: Exact = { integer: 2 ** 31 - 1, dividend: 2 ** 31 - 1 }
/** Cells may hold integers in f32, and divide them with an error of half a unit. */
export const inCells: Exact = { integer: 2 ** 24, dividend: 2 ** 21 }
/** Every integer up to here is an f32. */
const single = 2 ** 24

/** The largest number of rows that is looked at. */
const mostRows = 2 ** 21

const closed: ReadonlySet<string> = new Set([
  'add',
  'subtract',
  'multiply',
  'modulo',
  'negate',
  'abs',
  'min',
  'max',
])

/** Whether an expression is an integer by its form: its variables are indexes and a length, its constants `isWhole`. */
const builtOf =
  (isWhole: (value: number) => boolean) =>
  (expression: Expression): boolean => {
    if (expression.kind === 'constant') return isWhole(expression.value)
    if (expression.kind === 'variable') return expression.given !== 'numbers'
    if (expression.kind !== 'apply') return true
    const { operator, args } = expression
    return operator === 'floor' || (closed.has(operator) && args.every(builtOf(isWhole)))
  }

/** Whether an expression of a mask is an integer for all integer variables, as far as its form shows. */
export const isIntegral: (expression: Expression) => boolean = builtOf(Number.isInteger)
/** Whether kernels compute it in i32. */
const isWord = builtOf((value) => (value | 0) === value)

/** A part of a condition that becomes too large for exact integers. */
export interface Excess {
  /** The part that is too large. */
  readonly expression: Expression
  /** The largest number of rows for which nothing is too large; 0 if it is too large in every call. */
  readonly longest: number
}

/** The part of a condition that passes the exact integers first, as calls get longer. */
export function excess(condition: Expression, exact: Exact): Excess | undefined {
  const needs = needsOf(condition, exact)
  const tooLarge = (rows: number): Need | undefined => {
    const ranges = new Map<Expression, Interval>()
    return needs.find(({ expression, most }) => !isWithin(rangeAt(expression, rows, ranges), most))
  }
  if (tooLarge(mostRows) === undefined) return undefined
  let [longest, least] = [0, mostRows]
  while (least - longest > 1) {
    const middle = Math.floor((longest + least) / 2)
    if (tooLarge(middle) === undefined) longest = middle
    else least = middle
  }
  const need = tooLarge(least)
  return need && { expression: need.expression, longest }
}

/** Whether an integer never wraps in i32, for tiles that begin within a call. */
export const neverWraps = (expression: Expression): boolean =>
  isWithin(rangeAt(expression, 2 * mostRows, new Map()), inWords.integer)

/** A quotient by nearly 0 has no bounds; rounding makes the largest integer of it, which is within every limit. */
const isWithin = (range: Interval, most: number): boolean =>
  !isBounded(range) || (range.low >= -most && range.high <= most)

interface Need {
  readonly expression: Expression
  readonly most: number
}

const connectives: ReadonlySet<string> = new Set(['and', 'or', 'not'])
const isConstant = ({ kind }: Expression): boolean => kind === 'constant'

function needsOf(condition: Expression, exact: Exact): readonly Need[] {
  const search = new Search(exact)
  search.condition(condition)
  return search.needs
}

/** Goes once through each part, however often a condition has it. */
class Search {
  readonly needs: Need[] = []
  readonly #exact: Exact
  readonly #seen = new Map<Expression, Set<string>>()

  constructor(exact: Exact) {
    this.#exact = exact
  }

  condition(condition: Expression): void {
    if (condition.kind !== 'apply') return
    const { operator, args } = condition
    if (connectives.has(operator)) args.forEach((arg) => this.condition(arg))
    else if (!args.every(isIntegral)) args.forEach((side) => this.#fraction(side))
    else {
      const asWords = args.every(isWord) || args.some(isConstant)
      const most = asWords ? this.#exact.integer : Math.min(this.#exact.integer, single)
      args.forEach((side) => this.#integer(side, most))
    }
  }

  /** Whether it is the first time. */
  #enters(expression: Expression, as: string): boolean {
    const before = this.#seen.get(expression) ?? new Set()
    if (before.has(as)) return false
    this.#seen.set(expression, before.add(as))
    return true
  }

  #integer(expression: Expression, most: number): void {
    if (expression.kind !== 'apply' || !this.#enters(expression, `integer ${most}`)) return
    const { operator, args } = expression
    const [first] = args
    const divided = Math.min(most, this.#exact.dividend)
    if (operator === 'floor' && first?.kind === 'apply' && first.operator === 'divide') {
      if (first.args.every(isIntegral)) this.#quotient(first.args, divided)
      else this.#fraction(first)
    } else if (operator === 'modulo') this.#quotient(args, divided)
    else
      for (const arg of args)
        if (isIntegral(arg)) this.#integer(arg, most)
        else this.#fraction(arg)
    this.needs.push({ expression, most })
  }

  #quotient(args: readonly Expression[], most: number): void {
    for (const arg of args) {
      this.#integer(arg, most)
      if (arg.kind !== 'constant' && this.#enters(arg, `divided ${most}`))
        this.needs.push({ expression: arg, most })
    }
  }

  /** Fractions are f32, but the integers within them are computed as integers first. */
  #fraction(expression: Expression): void {
    if (isWord(expression)) this.#integer(expression, this.#exact.integer)
    else if (expression.kind === 'apply' && this.#enters(expression, 'fraction'))
      for (const arg of expression.args)
        if (expression.operator === 'random') this.#hashed(arg)
        else this.#fraction(arg)
  }

  /** `random` takes integers modulo 2³², so sums and products in its arguments may wrap. */
  #hashed(expression: Expression): void {
    const wraps = expression.kind === 'apply' && ['add', 'subtract', 'multiply'].includes(expression.operator)
    if (!wraps) this.#fraction(expression)
    else if (this.#enters(expression, 'hashed')) expression.args.forEach((arg) => this.#hashed(arg))
  }
}

/** The range of a number of a mask in a call of so many rows. */
function rangeAt(expression: Expression, rows: number, known: Map<Expression, Interval>): Interval {
  const before = known.get(expression)
  if (before !== undefined) return before
  const range = rangeOfParts(expression, rows, (part) => rangeAt(part, rows, known))
  known.set(expression, range)
  return range
}

function rangeOfParts(expression: Expression, rows: number, of: (part: Expression) => Interval): Interval {
  if (expression.kind === 'constant') return point(expression.value)
  // Integers of a call are exact up to there, and its numbers are compared as they are.
  if (expression.kind === 'variable' && expression.given !== undefined) return interval(-single, single)
  if (expression.kind !== 'apply')
    return expression.kind === 'variable' && expression.name === 'length'
      ? interval(1, rows)
      : interval(0, rows - 1)
  const { operator, args } = expression
  const record = scalarOperator(operator)
  if (record === undefined) return interval(-Infinity, Infinity)
  const [dividend, divisor] = args
  const range = record.range(...args.map(of))
  if (dividend === undefined || divisor === undefined) return range
  if (operator === 'modulo' && of(dividend).low >= 0 && of(divisor).low >= 0)
    return interval(0, Math.min(of(dividend).high, of(divisor).high))
  if (operator !== 'divide' || !isIntegral(divisor)) return range
  // An integer divides by 1 or more, or not at all.
  const { low, high } = of(dividend)
  const most = Math.max(Math.abs(low), Math.abs(high))
  return interval(Math.max(range.low, -most), Math.min(range.high, most))
}
