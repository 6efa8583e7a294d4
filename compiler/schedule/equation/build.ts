/** Constructors of formulas. A plain number takes the type of the operand beside it. */
import { invariant } from '../../diagnostics/invariant.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { mentions } from '../../symbolic/traverse.ts'
import type {
  Accumulation,
  ApplyFormula,
  Formula,
  FormulaOperator,
  FormulaType,
  IndexFormula,
  Loop,
  NumberFormula,
  Terms,
} from '../equation.ts'
import { lowest } from '../equation.ts'
import type { Size } from '../../../runtime/contract/size.ts'

/** A formula, or a number of the type that the place asks for. */
export type Operand = Formula | number

/** A number of type f32. */
export const real = (value: number): NumberFormula => ({ kind: 'number', type: 'f32', value })
/** A number of type u32. */
export const integer = (value: number): NumberFormula => ({ kind: 'number', type: 'u32', value })

/** The first coordinate of a cell; it runs fastest in the buffer, and is mostly the column. */
export const x: IndexFormula = { kind: 'index', type: 'u32', name: 'x' }
/** The second coordinate of a cell, mostly the row. */
export const y: IndexFormula = { kind: 'index', type: 'u32', name: 'y' }
/** The third coordinate of a cell, mostly the head or the group. */
export const z: IndexFormula = { kind: 'index', type: 'u32', name: 'z' }

/** A size of the call. */
export const size = (of: Size): Formula =>
  typeof of === 'number' ? integer(of) : { kind: 'size', type: 'u32', size: of }

/** How many numbers a buffer has. */
export const bufferLength = (buffer: string): Formula => ({ kind: 'bufferLength', type: 'u32', buffer })

/** A number of a buffer. */
export const load = (buffer: string, index: Operand, type: 'f32' | 'u32' = 'f32'): Formula => ({
  kind: 'load',
  type,
  buffer,
  index: typeof index === 'number' ? integer(index) : index,
})

/** The sum, taken from the left. An f32 `+ 0` is kept, because it turns −0 into 0. */
export const add = (first: Operand, ...rest: readonly Operand[]): Formula => chain('+', first, rest)
/** The product, taken from the left; a factor of 1 on the right is dropped. */
export const mul = (first: Operand, ...rest: readonly Operand[]): Formula => chain('*', first, rest)
/** The difference. Of u32, the caller keeps left ≥ right. */
export const sub = (left: Operand, right: Operand): Formula => meet('-', left, right)
/** The quotient; of u32, rounded down. */
export const div = (left: Operand, right: Operand): Formula => meet('/', left, right)
/** The remainder of a division of u32. */
export const mod = (left: Operand, right: Operand): Formula => meet('%', left, right)
/** left < right, a bool; so are the five comparisons below. */
export const lt = (left: Operand, right: Operand): Formula => meet('<', left, right)
/** left ≤ right. */
export const le = (left: Operand, right: Operand): Formula => meet('<=', left, right)
/** left > right. */
export const gt = (left: Operand, right: Operand): Formula => meet('>', left, right)
/** left ≥ right. */
export const ge = (left: Operand, right: Operand): Formula => meet('>=', left, right)
/** left = right. */
export const eq = (left: Operand, right: Operand): Formula => meet('==', left, right)
/** left ≠ right. */
export const ne = (left: Operand, right: Operand): Formula => meet('!=', left, right)
/** The minimum of two; `largest` and `sum` are over an index. */
export const smaller = (left: Operand, right: Operand): Formula => meet('min', left, right)
/** The maximum of two. */
export const larger = (left: Operand, right: Operand): Formula => meet('max', left, right)
/** e to the power of an f32. The caller keeps it finite; see `powerOf` and `finitePower`. */
export const exponential = (of: Formula): Formula => call('f32', 'exp', of)
/** 2 to the power of an f32, for log-scales in base 2. The caller keeps it finite. */
export const powerOfTwo = (of: Formula): Formula => call('f32', 'exp2', of)
/** The absolute value of an f32. */
export const magnitude = (of: Formula): Formula => call('f32', 'abs', of)

/** The conjunction of the conditions that are defined; undefined where none is. */
export function all(...conditions: readonly (Formula | undefined)[]): Formula | undefined {
  return conditions
    .filter((one) => one !== undefined)
    .reduce<Formula | undefined>(
      (left, right) => (left === undefined ? right : call('bool', '&&', left, right)),
      undefined,
    )
}

/** `condition ? yes : no`, both evaluated. */
export function select(condition: Formula, yes: Operand, no: Operand): Formula {
  const [left, right] = alike(yes, no)
  return call(left.type, 'select', condition, left, right)
}

/** `condition ? yes : no`, one of them evaluated. Without a condition, `yes`. */
export const choose = (condition: Formula | undefined, yes: Formula, no: Operand): Formula =>
  condition === undefined
    ? yes
    : { kind: 'choose', type: 'f32', condition, yes, no: typeof no === 'number' ? real(no) : no }

/** An index as an f32. */
export const toReal = (value: Formula): Formula =>
  value.kind === 'number' ? real(value.value) : { kind: 'convert', type: 'f32', value }

/** A formula under a name; a number or an index needs none. */
export const named = (name: string, value: Formula): Formula =>
  value.kind === 'number' || value.kind === 'index' || value.kind === 'named'
    ? value
    : { kind: 'named', type: value.type, name, value }

/** Sums and maxima of one loop over an index: the results, in the order of the terms. */
export function over(
  index: string,
  count: Operand,
  terms: (index: Formula) => readonly Accumulation[],
  where?: (index: Formula) => Formula | undefined,
): readonly Formula[] {
  const of: IndexFormula = { kind: 'index', type: 'u32', name: index }
  const condition = where?.(of)
  const loop: Loop = {
    index: of,
    count: typeof count === 'number' ? integer(count) : count,
    ...(condition === undefined ? {} : { where: condition }),
    terms: terms(of),
  }
  return loop.terms.map((_, which) => ({ kind: 'accumulated', type: 'f32', loop, which }))
}

/** Σ of a formula over an index. */
export const sum = (
  index: string,
  count: Operand,
  value: (index: Formula) => Formula,
  name = 'sum',
): Formula => single(over(index, count, (of) => [{ name, operator: 'sum', value: value(of) }]))

/** The largest of a formula over an index; `lowest` of nothing. */
export const largest = (
  index: string,
  count: Operand,
  value: (index: Formula) => Formula,
  name = 'largest',
): Formula => single(over(index, count, (of) => [{ name, operator: 'maximum', value: value(of) }]))

/** The values of expressions of the language, with common parts shared; rows and scalars that none uses are dropped. */
export function termsOf(from: Terms): readonly Formula[] {
  const seen = <Of>(of: Readonly<Record<string, Of>>): Readonly<Record<string, Of>> =>
    Object.fromEntries(
      Object.entries(of).filter(([name]) =>
        from.expressions.some((expression) => mentions(expression, name)),
      ),
    )
  const { indexes = {} } = from
  const terms = { ...from, rows: seen(from.rows), scalars: seen(from.scalars), indexes: seen(indexes) }
  return terms.expressions.map((_, which) => ({ kind: 'term', type: 'f32', terms, which }))
}

/** A condition of the language on integers. */
export const condition = (of: Expression, names: Readonly<Record<string, Formula>>): Formula => ({
  kind: 'condition',
  type: 'bool',
  condition: of,
  names,
})

/** exp(exponent − scale), at most 1; 0 where the exponent is `lowest`, as of a hidden key. */
export function powerOf(exponent: Formula, scale: Formula): Formula {
  const own = named('exponent', exponent)
  return select(gt(own, hidden), exponential(smaller(sub(own, scale), 0)), 0)
}

/** An exponent over a scale: `lowest` where there is no scale, as of a row that sees no key. */
export const overScale = (exponent: Formula, scale: Formula): Formula => {
  const own = named('rowScale', scale)
  return select(gt(own, hidden), larger(sub(exponent, own), lowest), lowest)
}

/** A scale in multiples of `unit` as a natural exponent; 0 where there is no scale, as of a row that sees no key. */
export const withScale = (scale: Formula, unit: number): Formula => {
  const own = named('rowScale', scale)
  return select(gt(own, hidden), mul(own, real(unit)), 0)
}

/** exp(exponent) as far as f32 holds it. */
export const finitePower = (exponent: Formula): Formula =>
  exponential(smaller(exponent, largestNaturalExponent))

/** The exponent, or `lowest` where the coefficient is 0, because a scale raised by a zero would underflow the rest. */
export const unlessZero = (exponent: Formula, coefficient: Formula | undefined): Formula =>
  coefficient === undefined ? exponent : select(eq(coefficient, 0), lowest, exponent)

/** 1 over a denominator; 0 where the denominator is 0, as of a row that sees no key. */
export function inverse(denominator: Formula): Formula {
  const whole = named('denominator', denominator)
  return select(eq(whole, 0), 0, div(1, select(eq(whole, 0), 1, whole)))
}

/** How many of `count` steps from `start` lie before `end`; not below 0. */
export const before = (start: Formula, end: Formula, count: Operand): Formula =>
  smaller(sub(larger(end, start), start), count)

/** At or below this an exponent stands for no weight: `lowest`, with any finite exponent added to it. */
const hidden = lowest / 2
/** Beyond this an exponential is not finite in f32. */
const largestNaturalExponent = 88

function single([only]: readonly Formula[]): Formula {
  invariant(only !== undefined, 'a loop with one term has one result')
  return only
}

function call(type: FormulaType, operator: FormulaOperator, ...operands: readonly Formula[]): ApplyFormula {
  return { kind: 'apply', type, operator, operands }
}

function chain(operator: '+' | '*', first: Operand, rest: readonly Operand[]): Formula {
  const result = rest.reduce<Operand>((left, right) => meet(operator, left, right), first)
  invariant(typeof result !== 'number', `at least one operand of ${operator} is a formula`)
  return result
}

function meet(operator: FormulaOperator, left: Operand, right: Operand): Formula {
  const [a, b] = alike(left, right)
  invariant(a.type === b.type, `both sides of ${operator} have one type, not ${a.type} and ${b.type}`)
  if (b.kind === 'number' && b.value === neutral[operator] && (b.type === 'u32' || operator !== '+')) return a
  const compares = ['<', '<=', '>', '>=', '==', '!='].includes(operator)
  return call(compares ? 'bool' : a.type, operator, a, b)
}

/** The neutral right operand of each operator; for f32 `+ 0` is not neutral, because it turns −0 into 0. */
const neutral: Partial<Record<FormulaOperator, number>> = { '+': 0, '-': 0, '*': 1, '/': 1 }

function alike(left: Operand, right: Operand): [Formula, Formula] {
  if (typeof left !== 'number') return [left, typeof right === 'number' ? like(left, right) : right]
  invariant(typeof right !== 'number', 'at least one of two operands is a formula')
  return [like(right, left), right]
}

const like = ({ type }: Formula, value: number): Formula => (type === 'u32' ? integer(value) : real(value))
