/** What constants make so small that the f32 of a device has only 0 for it. */
import type { Span } from '../diagnostics/diagnostic.ts'
import { messages } from '../diagnostics/messages.ts'
import type { Expression } from '../symbolic/expression.ts'
import { limits } from './limits.ts'
import type { Report } from './report.ts'

/** Reports nothing of what is 0 itself. */
export function checkVanishing(what: string, scale: number, span: Span, report: Report): boolean {
  const vanishes = scale > 0 && scale < limits.smallest
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
    case 'add':
    case 'subtract':
      return Math.max(first, second)
    case 'multiply':
    case 'dot':
    case 'outer':
      return first * second
    case 'divide':
      return first / second
    case 'power':
      return b?.kind === 'constant' ? first ** b.value : 1
    case 'negate':
    case 'abs':
    case 'relu':
    case 'sum':
    case 'mean':
    case 'norm':
    case 'maximum':
      return first
    default:
      return 1
  }
}
