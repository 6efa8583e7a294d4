/** What constants make so small that the f32 of a device has only 0 for it. */
import type { Span } from '../diagnostics/diagnostic.ts'
import { messages } from '../diagnostics/messages.ts'
import type { Expression } from '../symbolic/expression.ts'
import { scalarOperator } from '../symbolic/operators.ts'
import { smallestSingle } from '../symbolic/single.ts'
import type { Report } from './report.ts'

/** Reports nothing of what is 0 itself. */
export function checkVanishing(what: string, scale: number, span: Span, report: Report): boolean {
  const vanishes = scale > 0 && scale < smallestSingle
  if (vanishes) report(messages.vanishes(span, what, scale))
  return vanishes
}

/** The constants by which all of an expression is multiplied; those of a sum are as large as the largest term's. */
export function scaleOf(expression: Expression): number {
  if (expression.kind === 'constant') return Math.abs(expression.value)
  if (expression.kind !== 'apply') return 1
  const [a, b] = expression.args
  const [first, second] = [a, b].map((arg) => (arg === undefined ? 1 : scaleOf(arg))) as [number, number]
  switch (expression.operator) {
    case 'multiply':
    case 'dot':
    case 'outer':
      return first * second
    case 'divide':
      return first / second
    case 'negate':
    case 'sum':
    case 'mean':
    case 'norm':
    case 'maximum':
      return first
  }
  const growth = scalarOperator(expression.operator)?.growth
  if (growth?.kind === 'sum' || growth?.kind === 'choice') return Math.max(first, second)
  if (growth?.kind !== 'homogeneous') return 1
  return first ** growth.degree(...expression.args.slice(1))
}
