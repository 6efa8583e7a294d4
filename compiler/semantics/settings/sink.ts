/** `sink`: what every row's denominator has beside its keys. */
import { messages } from '../../diagnostics/messages.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { describeType } from '../../symbolic/operators.ts'
import { print } from '../../symbolic/print.ts'
import { elaborate } from '../elaborate.ts'
import { sinkScope } from '../scope.ts'
import { isShortEnough } from '../written-out.ts'
import { dataOf } from './data.ts'
import { isClosed } from './invariants.ts'
import type { Context, Rule, SettingRecord } from './setting.ts'
import { expressionOf, spanOf } from './value.ts'

function read(context: Context): Expression | undefined {
  const item = expressionOf(context, 'sink')
  const sink = item && elaborate(item, sinkScope(context.sizes, dataOf(context)), context.report)
  if (item === undefined || sink === undefined) return undefined
  if (sink.type.kind === 'scalar') return isShortEnough(sink, item.span, context.report) ? sink : undefined
  context.report(messages.sinkNotScalar(item.span, describeType(sink.type)))
  return undefined
}

const isAdded: Rule = (context) => {
  const { settings, draft, report } = context
  if (settings.has('sink') && draft.normalize === 'none') report(messages.sinkUnused(spanOf(context, 'sink')))
}

/** Its logarithm. */
export const sink: SettingRecord<'sink'> = {
  name: 'sink',
  read(context) {
    const sink = read(context)
    if (sink === undefined && context.settings.has('sink')) return undefined
    return sink ? { sink } : {}
  },
  ways: ['exact'],
  rules: [isAdded],
  verify({ sink, evaluation }, promise) {
    if (sink === undefined) return
    promise(evaluation === 'exact', 'a sink is beside pairs')
    promise(isClosed(sink, ['head', 'heads']), 'a sink is closed over heads and weights')
  },
  bodies: ({ sink }) => (sink ? [{ at: 'head', expression: sink }] : []),
  print: ({ sink }) => sink && print(sink),
}
