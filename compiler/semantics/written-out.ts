/**
 * How large an expression becomes: the time to compile it and the text of its
 * kernels grow with that. A softmax has its argument four times over, and of a
 * sum of exponentials each is divided by the largest of them all.
 */
import { messages } from '../diagnostics/messages.ts'
import type { Span } from '../diagnostics/diagnostic.ts'
import type { Expression } from '../symbolic/expression.ts'
import { scalarOperator } from '../symbolic/operators.ts'
import type { Growth } from '../symbolic/operators/growth.ts'
import { limits } from './limits.ts'
import type { Report } from './report.ts'

/** Whether it can be compiled in a moment; if not, that is said. */
export function isShortEnough(expression: Expression, span: Span, report: Report): boolean {
  const operators = sizeOf(expression)
  if (operators <= limits.writtenOut) return true
  report(messages.tooLongWrittenOut(span, operators, limits.writtenOut))
  return false
}

function sizeOf(expression: Expression): number {
  if (expression.kind !== 'apply') return 1
  const { operator, args } = expression
  if (isComparing(operator)) return sizeOfTerms(termsOf(expression))
  const size = args.reduce((sum, arg) => sum + sizeOf(arg), 1)
  return operator === 'softmax' ? 4 * size : size
}

const growthOf = (operator: string): Growth['kind'] | undefined => scalarOperator(operator)?.growth.kind

/** What takes the largest exponent of its terms. */
const isComparing = (operator: string): boolean => ['sum', 'choice'].includes(growthOf(operator) ?? '')

const termsOf = (expression: Expression): readonly Expression[] =>
  expression.kind === 'apply' && isComparing(expression.operator)
    ? expression.args.flatMap(termsOf)
    : [expression]

function sizeOfTerms(terms: readonly Expression[]): number {
  const scaled = terms.filter(isExponential).length
  const copies = scaled > 2 ? scaled : 1
  return terms.reduce((sum, term) => sum + 1 + sizeOf(term) * (isExponential(term) ? copies : 1), 0)
}

const isExponential = (expression: Expression): boolean =>
  expression.kind === 'apply' &&
  (growthOf(expression.operator) === 'exponential' || expression.args.some(isExponential))
