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

export function scaleRows(expression: Expression, scale: number): Expression {
  if (scale === 1) return expression
  const root = Math.sqrt(scale)
  const visit = (node: Expression): Expression =>
    node.kind === 'element' && scaledRows.has(node.vector)
      ? multiply(constant(root), node)
      : mapChildren(node, visit)
  return simplify(visit(expression))
}

export const plainTerm = (value: Expression, scale: number): Term => ({
  kind: 'plain',
  value: scaleRows(value, scale),
})

/** coefficient · 2^exponent; a term without an exponent has exponent 0. */
export function scaledTerm(
  { coefficient, exponent }: ScaledTerm,
  scale: number,
): Extract<Term, { kind: 'scaled' }> {
  const base2 =
    exponent === undefined ? constant(0) : simplify(multiply(constant(log2e), scaleRows(exponent, scale)))
  const factor = scaleRows(coefficient, scale)
  if (factor.kind === 'constant' && factor.value > 0)
    return { kind: 'scaled', exponent: simplify(add(base2, constant(Math.log2(factor.value)))) }
  return { kind: 'scaled', exponent: base2, coefficient: factor }
}
