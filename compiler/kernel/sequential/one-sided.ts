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

/** Consecutive entries of a row. */
export interface Span {
  readonly from: number
  readonly size: number
}

/** The entries of both rows over which it is Σ_t q[t]·k[t]; undefined where it is another sum. */
export function productSpan({ operator, index, size, body }: Reduce): Span | undefined {
  if (operator !== 'sum' || body.kind !== 'apply' || body.operator !== 'multiply') return undefined
  const [a, b, ...others] = body.args
  if (a?.kind !== 'element' || b?.kind !== 'element' || others.length > 0) return undefined
  const [from, same] = [offsetOf(a.index, index), offsetOf(b.index, index)]
  const ofPair = new Set([a.vector, b.vector])
  return from !== undefined && from === same && ofPair.has('q') && ofPair.has('k')
    ? { from, size }
    : undefined
}

/** c of an index t + c. */
function offsetOf(at: Expression, index: string): number | undefined {
  const isIndex = (one: Expression | undefined): boolean => one?.kind === 'variable' && one.name === index
  if (isIndex(at)) return 0
  if (at.kind !== 'apply' || at.operator !== 'add' || at.args.length !== 2) return undefined
  const offset = at.args.find((one) => one.kind === 'constant')
  return offset !== undefined && at.args.some(isIndex) ? offset.value : undefined
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
