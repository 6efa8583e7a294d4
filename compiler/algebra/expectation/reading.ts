/** How sums and coefficients are written so that they read well: order, signs, fractions. */
import { add, constant, divide, multiply, negate, subtract, variable } from '../../symbolic/build.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { freeVariables } from '../../symbolic/traverse.ts'
import { compareKeys, namesOf } from './ring/atoms.ts'
import type { Term } from './ring/value.ts'

/** A term with its sign, and with the other. */
export interface Signed {
  readonly negative: boolean
  readonly plus: Expression
  readonly minus: Expression
}

/** What sees both rows first, then the simpler, then by name. */
export function byReading(a: Term, b: Term): number {
  const [left, right] = [namesOf([a]).size, namesOf([b]).size]
  return right - left || a.key.length - b.key.length || compareKeys(queryFirst(a.key), queryFirst(b.key))
}

/** For comparing keys. */
export const queryFirst = (key: string): string => key.replaceAll('k[', 'q~[')

/** Without the last digits, where float64 rounds. */
export const rounded = (value: number): number => Number(value.toPrecision(12))

/** A quotient of products. */
export interface Quotient {
  readonly above: readonly Expression[]
  readonly below: readonly Expression[]
}

/**
 * coefficient · quotient, with a fraction where the coefficient is one.
 *
 * @param pi whether the fraction may be one of `pi`, which is a name to people and a number in expressions
 */
export function weighted(coefficient: number, { above, below }: Quotient, pi: boolean): Signed {
  const { numerator, denominator, ofPi } = fraction(Math.abs(coefficient), pi)
  const factors = ofPi ? [variable('pi'), ...above] : above
  const under = denominator === 1 ? below : [constant(denominator), ...below]
  const quotient = (top: Expression): Expression =>
    under.reduce<Expression>((whole, each) => divide(whole, each), top)
  const [first, ...others] = factors
  const top = (sign: 1 | -1): Expression => {
    if (first === undefined) return constant(sign * numerator)
    if (numerator !== 1) return multiply(constant(sign * numerator), ...factors)
    return multiply(sign === 1 ? first : negate(first), ...others)
  }
  const [plus, minus] = [quotient(top(1)), quotient(top(-1))]
  return coefficient < 0 ? { negative: true, plus: minus, minus: plus } : { negative: false, plus, minus }
}

interface Fraction {
  readonly numerator: number
  readonly denominator: number
  readonly ofPi: boolean
}

function fraction(size: number, pi: boolean): Fraction {
  const plain = ratio(size, 100)
  if (plain !== undefined) return { ...plain, ofPi: false }
  const share = pi ? ratio(size / Math.PI, 12) : undefined
  if (share !== undefined) return { ...share, ofPi: true }
  return { numerator: rounded(size), denominator: 1, ofPi: false }
}

/** Unless its decimals are as short. */
function ratio(size: number, largestDenominator: number): Omit<Fraction, 'ofPi'> | undefined {
  for (let denominator = 1; denominator <= largestDenominator; denominator++) {
    const numerator = Math.round(size * denominator)
    const near = Math.abs(numerator / denominator - size) <= 1e-11 * size
    if (near && numerator > 0 && numerator < 1000)
      return denominator > 12 && String(rounded(size)).length <= 6
        ? { numerator: rounded(size), denominator: 1 }
        : { numerator, denominator }
  }
  return undefined
}

/** Added terms come before subtracted ones. */
export function sumOf(terms: readonly Signed[]): Expression {
  const [first, ...rest] = [
    ...terms.filter(({ negative }) => !negative),
    ...terms.filter(({ negative }) => negative),
  ]
  return rest.reduce<Expression>(
    (sum, { negative, plus, minus }) => (negative ? subtract(sum, minus) : add(sum, plus)),
    first?.plus ?? constant(0),
  )
}

/** Rows in the order in which they are written: w, q, k, then others. */
export function inOrder(a: Expression, b: Expression): readonly [Expression, Expression] {
  return rank(a) <= rank(b) ? [a, b] : [b, a]
}

const order = ['w', 'q', 'k']

function rank(expression: Expression): number {
  const names = freeVariables(expression)
  const at = order.findIndex((name) => names.has(name))
  return at < 0 ? order.length : at
}
