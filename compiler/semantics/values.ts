/** What a constant may be, wherever it stands. */
import type { Span } from '../diagnostics/diagnostic.ts'
import { messages } from '../diagnostics/messages.ts'
import type { Expression } from '../symbolic/expression.ts'
import { largestSingle } from '../symbolic/single.ts'
import type { Report } from './report.ts'
import type { Scope } from './place.ts'

/** A constant that remains after folding must be a number that the device has. */
export function fitsSingle(expression: Expression, span: Span, scope: Scope, report: Report): boolean {
  if (expression.kind !== 'constant' || scope.standIn || Math.abs(expression.value) <= largestSingle)
    return true
  report(messages.beyondSingle(span, expression.value))
  return false
}
