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
  if (condition.kind !== 'apply') return []
  const { operator, args } = condition
  if (connectives.has(operator)) return args.flatMap((arg) => needsOf(arg, exact))
  if (!args.every(isIntegral)) return args.flatMap((side) => ofFraction(side, exact))
  const asWords = args.every(isWord) || args.some(isConstant)
  const most = asWords ? exact.integer : Math.min(exact.integer, single)
  return args.flatMap((side) => ofInteger(side, most, exact))
}

function ofInteger(expression: Expression, most: number, exact: Exact): readonly Need[] {
  if (expression.kind !== 'apply') return []
  const { operator, args } = expression
  const [first] = args
  const own = { expression, most }
  const divided = Math.min(most, exact.dividend)
  if (operator === 'floor' && first?.kind === 'apply' && first.operator === 'divide')
    return first.args.every(isIntegral)
      ? [...ofQuotient(first.args, divided, exact), own]
      : [...ofFraction(first, exact), own]
  if (operator === 'modulo') return [...ofQuotient(args, divided, exact), own]
  return [
    ...args.flatMap((arg) => (isIntegral(arg) ? ofInteger(arg, most, exact) : ofFraction(arg, exact))),
    own,
  ]
}

const ofQuotient = (args: readonly Expression[], most: number, exact: Exact): readonly Need[] =>
  args.flatMap((arg) => [
    ...ofInteger(arg, most, exact),
    ...(arg.kind === 'constant' ? [] : [{ expression: arg, most }]),
  ])

/** Fractions are f32, but the integers within them are computed as integers first. */
function ofFraction(expression: Expression, exact: Exact): readonly Need[] {
  if (isWord(expression)) return ofInteger(expression, exact.integer, exact)
  if (expression.kind !== 'apply') return []
  const within = expression.operator === 'random' ? ofHashed : ofFraction
  return expression.args.flatMap((arg) => within(arg, exact))
}

/** `random` takes integers modulo 2³², so sums and products in its arguments may wrap. */
function ofHashed(expression: Expression, exact: Exact): readonly Need[] {
  const wraps = expression.kind === 'apply' && ['add', 'subtract', 'multiply'].includes(expression.operator)
  if (wraps) return expression.args.flatMap((arg) => ofHashed(arg, exact))
  return ofFraction(expression, exact)
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
