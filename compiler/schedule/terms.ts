/**
 * Terms of the algebra as they will be computed: √scale moved from the rows
 * into the expressions, exponents in base 2, positive constant factors in the
 * exponent.
 */
import type { ScaledTerm } from '../algebra/attention.ts'
import { add, constant, multiply } from '../symbolic/build.ts'
import type { Expression } from '../symbolic/expression.ts'
import { simplify } from '../symbolic/simplify.ts'
import { mapChildren } from '../symbolic/traverse.ts'
import type { Term } from './schedule.ts'

const log2e = 1 / Math.LN2

/** Entries of query and key rows carry √scale; projection rows do not. */
const scaledRows: ReadonlySet<string> = new Set(['x', 'q', 'k'])

/** Multiplies every entry of `x`, `q` and `k` by √scale, so that buffers hold rows as the caller gave them. */
export function scaleRows(expression: Expression, scale: number): Expression {
  if (scale === 1) return expression
  const root = Math.sqrt(scale)
  const visit = (node: Expression): Expression =>
    node.kind === 'element' && scaledRows.has(node.vector)
      ? multiply(constant(root), node)
      : mapChildren(node, visit)
  return simplify(visit(expression))
}

/** The value without an exponent apart, for sums that need no scales. */
export const plainTerm = (value: Expression, scale: number): Term => ({
  kind: 'plain',
  value: scaleRows(value, scale),
})

/** coefficient · 2^exponent; a term without an exponent has exponent 0. */
export const scaledTerm = (term: Parts, scale: number): Exponential => inBase(term, scale, log2e)

/** coefficient · e^exponent, for devices whose powers of two are no better than others. */
export const naturalTerm = (term: Parts, scale: number): Exponential => inBase(term, scale, 1)

type Parts = Pick<ScaledTerm, 'coefficient' | 'exponent'>

type Exponential = Extract<Term, { kind: 'scaled' }>

/** @param factor of exponents: 1 over the natural logarithm of the base */
function inBase({ coefficient, exponent }: Parts, scale: number, factor: number): Exponential {
  const whole =
    exponent === undefined ? constant(0) : simplify(multiply(constant(factor), scaleRows(exponent, scale)))
  const rest = scaleRows(coefficient, scale)
  if (rest.kind === 'constant' && rest.value > 0)
    return { kind: 'scaled', exponent: simplify(add(whole, constant(logarithm(rest.value, factor)))) }
  return { kind: 'scaled', exponent: whole, coefficient: rest }
}

const logarithm = (value: number, factor: number): number =>
  factor === log2e ? Math.log2(value) : Math.log(value)
