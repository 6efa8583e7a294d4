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
import { dataOf } from './data.ts'
import { isClosed } from './invariants.ts'
import type { Context, Rule, SettingRecord } from './setting.ts'
import { expressionOf, readable, spanOf } from './value.ts'
import { isWord } from './words.ts'

const words = ['none', 'causal'] as const

function read(context: Context): MaskModel | undefined {
  const { sizes, report } = context
  if (isFromEnd(context)) return { kind: 'causal', fromEnd: true }
  const item = expressionOf(context, 'mask')
  if (item === undefined) return { kind: 'none' }
  const word = words.find((known) => isWord(item, known))
  if (word !== undefined) return { kind: word }
  const scope = maskScope(sizes, dataOf(context))
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

/** `causal from end` */
function isFromEnd(context: Context): boolean {
  const items = readable(context, 'mask')?.value.items ?? []
  return items.length === 3 && ['causal', 'from', 'end'].every((word, index) => isWord(items[index], word))
}

function checkIntegers(condition: Expression, span: Span, report: Report): void {
  const found = excess(condition, inWords)
  if (found === undefined) return
  const { expression, longest } = found
  const text = print(expression)
  report(longest === 0 ? messages.maskTooLarge(span, text) : messages.maskGrowsLarge(span, text, longest))
}

const conditionsAreExact: Rule = (context) => {
  const { draft, settings, report } = context
  const { mask } = draft
  if (mask?.kind === 'condition' && settings.has('feature'))
    report(messages.conditionNeedsExact(spanOf(context, 'mask')))
  if (mask?.kind === 'causal' && mask.fromEnd === true && settings.has('feature'))
    report(messages.fromEndNeedsExact(spanOf(context, 'mask')))
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
    promise(
      isClosed(mask.condition, ['i', 'j', 'length', 'head', 'heads']),
      'the mask is closed over indices, lengths, heads and tensors',
    )
  },
  bodies: ({ mask }) => (mask.kind === 'condition' ? [{ at: 'pair', expression: mask.condition }] : []),
  print: ({ mask }) =>
    mask.kind === 'condition'
      ? print(mask.condition)
      : mask.kind === 'causal' && mask.fromEnd === true
        ? 'causal from end'
        : mask.kind,
}
