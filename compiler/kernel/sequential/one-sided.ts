/** Sums and maxima of a kernel's expression by the rows that they see: a query, a key, or both. */
import type { Term } from '../../schedule/schedule.ts'
import type { Expression, Reduce } from '../../symbolic/expression.ts'
import { print } from '../../symbolic/print.ts'
import { children, mentions } from '../../symbolic/traverse.ts'
import { expressionsOf } from '../lower/features.ts'

/** Every sum and maximum in the expressions, each once, by its printed form. */
export function reductionsIn(expressions: readonly Expression[]): ReadonlyMap<string, Reduce> {
  const found = new Map<string, Reduce>()
  const visit = (expression: Expression): void => {
    children(expression).forEach(visit)
    if (expression.kind === 'reduce') found.set(print(expression), expression)
  }
  expressions.forEach(visit)
  return found
}

/** Whether it is Σ_t q[t]·k[t] over all entries of both rows. */
export function isProduct({ operator, index, size, body }: Reduce, dim: number): boolean {
  if (operator !== 'sum' || size !== dim || body.kind !== 'apply' || body.operator !== 'multiply')
    return false
  const vectors = body.args.map((factor) =>
    factor.kind === 'element' && factor.index.kind === 'variable' && factor.index.name === index
      ? factor.vector
      : undefined,
  )
  return vectors.length === 2 && vectors.includes('q') && vectors.includes('k')
}

/** The printed forms of those that see this vector and not the other, in order. */
export const seeingOnly = (term: Term, vector: 'q' | 'k', other: 'q' | 'k'): readonly string[] =>
  [...reductionsIn(expressionsOf({ term }))]
    .filter(([, reduce]) => mentions(reduce, vector) && !mentions(reduce, other))
    .map(([key]) => key)

/** How many see queries alone, and how many keys alone. */
export const oneSidedSums = (term: Term): { readonly ofQueries: number; readonly ofKeys: number } => ({
  ofQueries: seeingOnly(term, 'q', 'k').length,
  ofKeys: seeingOnly(term, 'k', 'q').length,
})
