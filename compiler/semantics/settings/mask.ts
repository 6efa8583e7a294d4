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
import type { Report } from '../report.ts'
import { maskScope } from '../scope.ts'
import { isClosed } from './invariants.ts'
import type { Context, Rule, SettingRecord } from './setting.ts'
import { expressionOf, spanOf } from './value.ts'
import { isWord } from './words.ts'

const words = ['none', 'causal'] as const

function read(context: Context): MaskModel | undefined {
  const { sizes, report } = context
  const item = expressionOf(context, 'mask')
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

const conditionsAreExact: Rule = (context) => {
  if (context.draft.mask?.kind === 'condition' && context.settings.has('feature'))
    context.report(messages.conditionNeedsExact(spanOf(context, 'mask')))
}

/** Which keys a query sees; all of them by default. */
export const mask: SettingRecord<'mask'> = {
  name: 'mask',
  read(context) {
    const mask = read(context)
    return mask && { mask }
  },
  rules: [conditionsAreExact],
  verify({ mask, evaluation }, promise) {
    if (mask.kind !== 'condition') return
    promise(evaluation !== 'factorised', 'a condition as mask is held against pairs')
    promise(mask.condition.type.kind === 'boolean', 'a mask is a condition')
    promise(isClosed(mask.condition, ['i', 'j', 'length']), 'the mask is closed over i, j and length')
  },
  print: ({ mask }) => (mask.kind === 'condition' ? print(mask.condition) : mask.kind),
}
