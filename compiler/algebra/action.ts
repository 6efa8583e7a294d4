/**
 * The action of rows on the state that a factorised attention carries (`state.ts`): what becomes of a state while rows
 * pass. Rows that follow rows compose, so that actions are a monoid; each element of it multiplies a state by a number,
 * which is held as its natural logarithm and moves nothing but the log-scales.
 *
 * A weight of the attention is therefore the factor of the rows between the key and the query, times φ(q)·φ(k).
 */
import { environmentOf, evaluateScalar } from '../symbolic/evaluate.ts'
import type { Expression } from '../symbolic/expression.ts'
import { print } from '../symbolic/print.ts'

/** What rows do to the state, whatever keys they bring. */
export type Action =
  /** Nothing. */
  | { readonly kind: 'identity' }
  /** Each row multiplies it by γ of the head, in (0, 1], and n rows by γ^n. */
  | { readonly kind: 'powers'; readonly base: Expression }

/** The action of an attention without decay. */
export const identity: Action = { kind: 'identity' }

/** Whether a state stays as it is until a key comes. */
export const isIdentity = ({ kind }: Action): boolean => kind === 'identity'

/** Gives the natural logarithm of what a number of rows of the head multiply the state by; never positive. */
export function logFactor(action: Action, head: number): (rows: number) => number {
  if (action.kind === 'identity') return () => 0
  const ofRow = Math.log(evaluateScalar(action.base, environmentOf({ head })))
  return (rows) => (rows === 0 ? 0 : rows * ofRow)
}

/** The factor of the rows between key j and query i, before the other factors of a weight. */
export const printFactor = ({ kind }: Action): string => (kind === 'powers' ? 'γ^(i - j) · ' : '')

/** The line of `explain` that defines γ. */
export const printAction = (action: Action): readonly string[] =>
  action.kind === 'identity' ? [] : [`  decay       γ = ${print(action.base)}`]
