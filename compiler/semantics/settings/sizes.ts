/** `dim`, `value_dim` and `scale`: the numbers that everything else may refer to. */
import { messages } from '../../diagnostics/messages.ts'
import type { AttentionDeclaration } from '../../syntax/ast.ts'
import { limits } from '../limits.ts'
import { integerOf, realOf } from '../numbers.ts'
import type { Report } from '../report.ts'
import { single } from '../settings.ts'
import type { Settings } from '../settings.ts'
import { readable } from './context.ts'
import type { Context } from './context.ts'

export function readDim(
  declaration: AttentionDeclaration,
  settings: Settings,
  report: Report,
): number | undefined {
  if (!settings.has('dim') && declaration.incomplete !== true)
    report(messages.dimMissing(declaration.name.span, declaration.name.text))
  const setting = readable({ settings }, 'dim')
  const item = setting && single(setting, report)
  return (
    item && integerOf(item, { what: '`dim`', setting: 'dim', least: 1, most: limits.dim }, undefined, report)
  )
}

export function readValueDim(context: Context): number | undefined {
  const { sizes, report } = context
  const setting = readable(context, 'value_dim')
  const item = setting && single(setting, report)
  if (item === undefined) return sizes.dim
  return integerOf(
    item,
    { what: '`value_dim`', setting: 'value_dim', least: 1, most: limits.dim },
    sizes,
    report,
  )
}

export function readScale(context: Context): number | undefined {
  const { sizes, report } = context
  const setting = readable(context, 'scale')
  const item = setting && single(setting, report)
  if (item === undefined) return 1
  return realOf(
    item,
    { setting: 'scale', range: 'a number above 0', holds: (value) => value > 0 },
    sizes,
    report,
  )
}
