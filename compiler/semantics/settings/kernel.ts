/** `kernel`: a scalar of a query row and a key row. */
import { messages } from '../../diagnostics/messages.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { describeType } from '../../symbolic/operators.ts'
import { elaborate } from '../elaborate.ts'
import { referencesOf } from '../references.ts'
import { kernelScope } from '../scope.ts'
import { single } from '../settings.ts'
import { inTermsOfDim } from '../sizes.ts'
import { readable } from './context.ts'
import { checkVanishing, scaleOf } from '../vanishing.ts'
import { isShortEnough } from '../written-out.ts'
import type { Context } from './context.ts'

export function readKernel(context: Context): Expression | undefined {
  const { sizes, features, report } = context
  const setting = readable(context, 'kernel')
  const item = setting && single(setting, report)
  if (item === undefined) return undefined
  const isFeature = (name: string): string | undefined =>
    features.has(name) ? `\`${name}\` is a feature: write \`feature: ${name}\`` : undefined
  const kernel = elaborate(item, kernelScope(sizes, isFeature), report)
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
