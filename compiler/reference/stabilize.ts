/**
 * `stabilize: max E`, which reproduces the papers' published code: every exp(e)
 * of a feature becomes
 *
 *     exp(e − maximum) + E
 *
 * with `maximum` the largest value of the *projected part* of the exponents:
 * the additive terms of e that see w. An exponent that does not see w has none,
 * and nothing is subtracted from it. (An exp within another's exponent stays.)
 */
import type { Apply, Expression } from '../symbolic/expression.ts'

/** The variable that stands for the maximum; no word of the language. */
export const MAXIMUM = 'projected maximum'

const PROJECTION = 'w'

const isExp = (expression: Expression): expression is Apply =>
  expression.kind === 'apply' && expression.operator === 'exp'

function sees(expression: Expression, name: string): boolean {
  if (expression.kind === 'variable') return expression.name === name
  return expression.kind === 'apply' && expression.args.some((arg) => sees(arg, name))
}

const same = (like: Expression, operator: string, ...args: readonly Expression[]): Apply => ({
  kind: 'apply',
  type: like.type,
  operator,
  args,
})

/** The projected part of each exponent of a block. */
export function projectedExponents(block: Expression): readonly Expression[] {
  if (block.kind !== 'apply') return []
  const [exponent] = block.args
  if (!isExp(block) || exponent === undefined) return block.args.flatMap(projectedExponents)
  const [first, ...rest] = additiveTerms(exponent).filter((term) => sees(term, PROJECTION))
  return first === undefined ? [] : [rest.reduce((sum, term) => same(exponent, 'add', sum, term), first)]
}

/** a − (b + c)/2 is the terms a, −(b/2), −(c/2): a factor or divisor without w goes to each term. */
function additiveTerms(expression: Expression): readonly Expression[] {
  if (expression.kind !== 'apply') return [expression]
  const [left, right] = expression.args
  if (left === undefined) return [expression]
  const each = (terms: Expression, wrap: (term: Expression) => Expression): readonly Expression[] =>
    additiveTerms(terms).map(wrap)
  const negated = (term: Expression): Expression => same(expression, 'negate', term)
  if (right === undefined) return expression.operator === 'negate' ? each(left, negated) : [expression]
  switch (expression.operator) {
    case 'add':
      return [...additiveTerms(left), ...additiveTerms(right)]
    case 'subtract':
      return [...additiveTerms(left), ...each(right, negated)]
    case 'divide':
      return sees(right, PROJECTION)
        ? [expression]
        : each(left, (term) => same(expression, 'divide', term, right))
    case 'multiply':
      if (!sees(right, PROJECTION)) return each(left, (term) => same(expression, 'multiply', term, right))
      return sees(left, PROJECTION)
        ? [expression]
        : each(right, (term) => same(expression, 'multiply', left, term))
    default:
      return [expression]
  }
}

/** The block with each exp(e) as above; the maximum is the variable MAXIMUM. */
export function withMaximum(block: Expression, offset: number): Expression {
  if (block.kind !== 'apply') return block
  const [exponent] = block.args
  if (!isExp(block) || exponent === undefined)
    return { ...block, args: block.args.map((arg) => withMaximum(arg, offset)) }
  const maximum: Expression = { kind: 'variable', type: { kind: 'scalar' }, name: MAXIMUM }
  const added: Expression = { kind: 'constant', type: { kind: 'scalar' }, value: offset }
  const reduced = sees(exponent, PROJECTION) ? same(exponent, 'subtract', exponent, maximum) : exponent
  return same(block, 'add', same(block, 'exp', reduced), added)
}
