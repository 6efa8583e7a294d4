/**
 * Integers of a mask, beside those that a device computes exactly: how many rows
 * a call may have before one of them may be larger.
 */
import type { Expression } from './expression.ts'
import { interval, isBounded, point } from './interval.ts'
import type { Interval } from './interval.ts'
import { scalarOperator } from './operators.ts'

/** The largest integers up to which arithmetic is exact; as negative numbers, too. */
export interface Exact {
  readonly integer: number
  /** Of ⌊a / b⌋ and a mod b. */
  readonly dividend: number
}

/** Kernels of workgroups compute in i32. */
export const inWords: Exact = { integer: 2 ** 31 - 1, dividend: 2 ** 31 - 1 }
/** Cells may have their integers in f32, and half a step beside those that are divided. */
export const inCells: Exact = { integer: 2 ** 24, dividend: 2 ** 21 }
/** Up to here an f32 is as good as an integer. */
const single = 2 ** 24

/** As many rows as are looked at. */
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

/** Integers by the way they are built, out of such constants. The variables of a mask are indexes and a length. */
const builtOf =
  (isWhole: (value: number) => boolean) =>
  (expression: Expression): boolean => {
    if (expression.kind === 'constant') return isWhole(expression.value)
    if (expression.kind !== 'apply') return true
    const { operator, args } = expression
    return operator === 'floor' || (closed.has(operator) && args.every(builtOf(isWhole)))
  }

export const isIntegral: (expression: Expression) => boolean = builtOf(Number.isInteger)
/** What kernels compute in i32. */
const isWord = builtOf((value) => (value | 0) === value)

export interface Excess {
  /** What is too large. */
  readonly expression: Expression
  /** Rows up to which nothing is; 0 where it is too large in every call. */
  readonly longest: number
}

/** What of a condition passes the exact integers in calls of fewest rows. */
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

/** What is divided by nearly nothing has no bounds, and becomes the largest integer where it is rounded. */
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

/** Fractions are f32; integers within them are exact where they stand. */
function ofFraction(expression: Expression, exact: Exact): readonly Need[] {
  if (isWord(expression)) return ofInteger(expression, exact.integer, exact)
  if (expression.kind !== 'apply') return []
  const within = expression.operator === 'random' ? ofHashed : ofFraction
  return expression.args.flatMap((arg) => within(arg, exact))
}

/** `random` takes integers modulo 2³², as which sums and products may wrap. */
function ofHashed(expression: Expression, exact: Exact): readonly Need[] {
  const wraps = expression.kind === 'apply' && ['add', 'subtract', 'multiply'].includes(expression.operator)
  if (wraps) return expression.args.flatMap((arg) => ofHashed(arg, exact))
  return ofFraction(expression, exact)
}

/** Of a mask's number in a call of so many rows. */
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
