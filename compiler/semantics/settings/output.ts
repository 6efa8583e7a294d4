/** `output`: what becomes of a row of the result where it is made. */
import { messages } from '../../diagnostics/messages.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { describeType } from '../../symbolic/operators.ts'
import { print } from '../../symbolic/print.ts'
import { elaborate } from '../elaborate.ts'
import { outputScope } from '../scope.ts'
import { inTermsOfDim } from '../sizes.ts'
import { isShortEnough } from '../written-out.ts'
import { dataOf } from './data.ts'
import { isClosed } from './invariants.ts'
import type { Context, SettingRecord } from './setting.ts'
import { expressionOf } from './value.ts'

function read(context: Context): Expression | undefined {
  const { sizes, draft, settings, report } = context
  const item = expressionOf(context, 'output')
  if (item === undefined) return undefined
  const { valueDim = sizes.dim, feature } = draft
  // Of a feature that could not be read the width of φ is not known.
  if (settings.has('feature') && feature === undefined) return undefined
  const scope = outputScope(sizes, dataOf(context), { features: feature?.features ?? sizes.dim, valueDim })
  const output = elaborate(item, scope, report)
  if (output === undefined || !isShortEnough(output, item.span, report)) return undefined
  const { type } = output
  if (type.kind === 'vector' && (type.size === valueDim || sizes.standIn)) return output
  const found = inTermsOfDim(describeType(type), sizes.standIn)
  report(messages.outputNotRow(item.span, valueDim, found))
  return undefined
}

/** The row of the result, from `o`. */
export const output: SettingRecord<'output'> = {
  name: 'output',
  read(context) {
    const output = read(context)
    if (output === undefined && context.settings.has('output')) return undefined
    return output ? { output } : {}
  },
  ways: ['exact', 'factorised'],
  verify({ output }, promise) {
    if (output === undefined) return
    promise(isClosed(output, ['o', 'q', 'k', 'v', 'head', 'heads']), 'output is closed over rows and tensors')
  },
  bodies: ({ output }) => (output ? [{ at: 'length', expression: output }] : []),
  print: ({ output }) => output && print(output),
}
