/** `kernel`: a scalar of a query row and a key row. */
import { messages } from '../../diagnostics/messages.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { describeType } from '../../symbolic/operators.ts'
import { print } from '../../symbolic/print.ts'
import { elaborate } from '../elaborate.ts'
import { referencesOf } from '../references.ts'
import { kernelScope } from '../scope.ts'
import { inTermsOfDim } from '../sizes.ts'
import { checkVanishing, scaleOf } from '../vanishing.ts'
import { isShortEnough } from '../written-out.ts'
import { dataOf } from './data.ts'
import { isClosed } from './invariants.ts'
import type { Context, SettingRecord } from './setting.ts'
import { expressionOf } from './value.ts'

function read(context: Context): Expression | undefined {
  const { sizes, features, report } = context
  const item = expressionOf(context, 'kernel')
  if (item === undefined) return undefined
  const isFeature = (name: string): string | undefined =>
    features.has(name) ? `\`${name}\` is a feature: write \`feature: ${name}\`` : undefined
  const kernel = elaborate(item, kernelScope(sizes, dataOf(context), isFeature), report)
  if (kernel === undefined) return undefined
  if (kernel.type.kind !== 'scalar') {
    report(messages.kernelNotScalar(item.span, inTermsOfDim(describeType(kernel.type), sizes.standIn)))
    return undefined
  }
  const seen = referencesOf([item])
  for (const name of ['q', 'k']) if (!seen.has(name)) report(messages.kernelIgnoresRow(item.span, name))
  if (!sizes.standIn && !isShortEnough(kernel, item.span, report)) return undefined
  if (!sizes.standIn) checkVanishing('this kernel', scaleOf(kernel), item.span, report)
  return kernel
}

/** κ. */
export const kernel: SettingRecord<'kernel'> = {
  name: 'kernel',
  read(context) {
    const kernel = read(context)
    if (kernel === undefined && context.settings.has('kernel')) return undefined
    return kernel ? { kernel } : {}
  },
  verify({ kernel, evaluation }, promise) {
    promise(evaluation === 'factorised' || kernel !== undefined, `${evaluation} evaluation has a kernel`)
    if (kernel === undefined) return
    promise(kernel.type.kind === 'scalar', 'the kernel is a scalar')
    promise(
      isClosed(kernel, ['q', 'k', 'i', 'j', 'length', 'head', 'heads']),
      'the kernel is closed over its rows, their indices and what is declared, in user form',
    )
  },
  bodies: ({ kernel }) => (kernel ? [{ at: 'pair', expression: kernel }] : []),
  print: ({ kernel }) => kernel && print(kernel),
}
