/** `mask`: none, causal, or a condition on the indices of a pair. */
import { messages } from '../../diagnostics/messages.ts'
import { nearest } from '../../diagnostics/nearest.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { excess, inWords } from '../../symbolic/index-arithmetic.ts'
import { describeType } from '../../symbolic/operators.ts'
import { print } from '../../symbolic/print.ts'
import { withDivisorsNotZero } from '../division.ts'
import { elaborate } from '../elaborate.ts'
import type { MaskModel } from '../model.ts'
import { maskScope } from '../scope.ts'
import { single } from '../settings.ts'
import { readable } from './context.ts'
import type { Context } from './context.ts'
import type { Report } from '../report.ts'
import { isWord } from './words.ts'

const words = ['none', 'causal'] as const

export function readMask(context: Context): MaskModel | undefined {
  const { sizes, report } = context
  const setting = readable(context, 'mask')
  const item = setting && single(setting, report)
  if (item === undefined) return { kind: 'none' }
  const word = words.find((known) => isWord(item, known))
  if (word !== undefined) return { kind: word }
  const scope = maskScope(sizes)
  if (item.kind === 'reference' && !scope.names.has(item.name)) {
    report(messages.maskNotCondition(item.span, `\`${item.name}\``, nearest(item.name, words)))
    return undefined
  }
  const condition = elaborate(item, scope, report)
  if (condition === undefined) return undefined
  if (condition.type.kind === 'boolean') {
    checkIntegers(condition, item.span, report)
    return { kind: 'condition', condition: withDivisorsNotZero(condition) }
  }
  report(messages.maskNotCondition(item.span, describeType(condition.type), undefined))
  return undefined
}

function checkIntegers(condition: Expression, span: Span, report: Report): void {
  const found = excess(condition, inWords)
  if (found === undefined) return
  const { expression, longest } = found
  const text = print(expression)
  report(longest === 0 ? messages.maskTooLarge(span, text) : messages.maskGrowsLarge(span, text, longest))
}
