/**
 * Sums in their normal form: like terms collected, in order, the constant last.
 * Sums are never multiplied out, so nothing grows.
 */
import { apply, constant } from '../build.ts'
import type { Expression } from '../expression.ts'
import { compare } from '../traverse.ts'
import { coefficient, one, plus, timesRatio, valueOf } from './coefficient.ts'
import type { Coefficient } from './coefficient.ts'
import { factorsOf, fromFactors } from './products.ts'

interface Term {
  readonly coefficient: Coefficient
  readonly body: Expression
}

type Map = (expression: Expression) => Expression

/** Whether the node is a sum or a difference. */
export function isSum(expression: Expression): boolean {
  return expression.kind === 'apply' && (expression.operator === 'add' || expression.operator === 'subtract')
}

/** The terms of a simplified expression with their signs, uncollected. */
export function termsOf(expression: Expression, leaf: Map = (same) => same): readonly Expression[] {
  const terms: Expression[] = []
  const visit = (node: Expression, sign: 1 | -1, leaf: Map | undefined): void => {
    if (node.kind === 'apply') {
      const [a, b] = node.args
      if (a !== undefined && node.operator === 'negate') return visit(a, sign === 1 ? -1 : 1, leaf)
      if (a !== undefined && b !== undefined && isSum(node)) {
        visit(a, sign, leaf)
        return visit(b, node.operator === 'add' ? sign : sign === 1 ? -1 : 1, leaf)
      }
    }
    if (leaf !== undefined) return visit(leaf(node), sign, undefined)
    terms.push(sign === 1 ? node : apply('negate', node))
  }
  visit(expression, 1, leaf)
  return terms
}

/** A sum in normal form; `leaf` simplifies its terms. */
export function collectSum(expression: Expression, leaf: Map = (same) => same): Expression {
  return fromTerms(termsOf(expression, leaf))
}

/** The sum of simplified terms. */
export function fromTerms(terms: readonly Expression[]): Expression {
  const split = terms.map(splitCoefficient)
  const isConstant = ({ body }: Term): boolean => body.kind === 'constant'
  const added = split
    .filter(isConstant)
    .reduce((sum, { coefficient }) => plus(sum, coefficient), coefficient(0))
  const collected = collectTerms(split.filter((term) => !isConstant(term)))
  const constants = added.over === 0 ? [] : [{ coefficient: coefficient(valueOf(added)), body: constant(1) }]
  const all = [...collected, ...constants]
  // A positive term first, where there is one, spares a negation.
  const first = all.findIndex(({ coefficient }) => coefficient.over > 0)
  const ordered =
    first > 0 ? [...all.slice(first, first + 1), ...all.slice(0, first), ...all.slice(first + 1)] : all
  return written(ordered)
}

function splitCoefficient(term: Expression): Term {
  const { coefficient, factors } = factorsOf(term)
  return { coefficient, body: fromFactors({ coefficient: one, factors }) }
}

function collectTerms(terms: readonly Term[]): readonly Term[] {
  const collected: Term[] = []
  for (const term of [...terms].sort((a, b) => compare(a.body, b.body))) {
    const last = collected.at(-1)
    if (last !== undefined && compare(last.body, term.body) === 0)
      collected[collected.length - 1] = { ...term, coefficient: plus(last.coefficient, term.coefficient) }
    else collected.push(term)
  }
  return collected.filter(({ coefficient }) => coefficient.over !== 0)
}

function written(terms: readonly Term[]): Expression {
  const [first, ...rest] = terms
  if (first === undefined) return constant(0)
  return rest.reduce<Expression>(
    (sum, { coefficient, body }) =>
      coefficient.over < 0
        ? apply('subtract', sum, scaled(timesRatio(coefficient, -1, 1), body))
        : apply('add', sum, scaled(coefficient, body)),
    scaled(first.coefficient, first.body),
  )
}

function scaled(ratio: Coefficient, body: Expression): Expression {
  const { factors } = factorsOf(body)
  return fromFactors({ coefficient: ratio, factors })
}
