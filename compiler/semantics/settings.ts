/** The settings of an attention by name: each known, and each once. */
import type { Span } from '../diagnostics/diagnostic.ts'
import { messages } from '../diagnostics/messages.ts'
import { nearest } from '../diagnostics/nearest.ts'
import type { AttentionDeclaration, Expression, Setting } from '../syntax/ast.ts'
import type { Report } from './report.ts'

export const settingNames = [
  'dim',
  'value_dim',
  'scale',
  'kernel',
  'feature',
  'projections',
  'landmarks',
  'pinv',
  'conv',
  'compress',
  'buckets',
  'mask',
  'decay',
  'normalize',
  'epsilon',
  'stabilize',
] as const

export type SettingName = (typeof settingNames)[number]

export type Settings = ReadonlyMap<SettingName, Setting>

const isSettingName = (name: string): name is SettingName => settingNames.some((known) => known === name)

export function collectSettings({ settings }: AttentionDeclaration, report: Report): Settings {
  const found = new Map<SettingName, Setting>()
  for (const setting of settings) {
    const { text, span } = setting.key
    if (!isSettingName(text)) {
      // What stands before a syntax error need not have been meant as a setting.
      if (!isBroken(setting))
        report(messages.unknownSetting(span, text, nearest(text, settingNames), settingNames))
    } else if (found.has(text)) report(messages.duplicateSetting(span, text))
    else found.set(text, setting)
  }
  return found
}

/** Whether a syntax error took the value away; it has been reported. */
export const isBroken = (setting: Setting): boolean => setting.value.items.length === 0

/** The value as one expression. */
export function single(setting: Setting, report: Report): Expression | undefined {
  const [first, ...others] = setting.value.items
  if (others.length === 0) return first
  report(messages.oneExpression(spanOfAll(others), setting.key.text, others.length + 1, missingColon(others)))
  return undefined
}

/** A setting whose colon was forgotten reads as more of the value before it. */
function missingColon(items: readonly Expression[]): string | undefined {
  const name = items
    .map((item) => (item.kind === 'reference' ? item.name : ''))
    .find((name) => isSettingName(name))
  return name === undefined ? undefined : `a setting needs a colon: \`${name}: …\``
}

export const spanOfAll = (items: readonly Expression[]): Span => ({
  start: items[0]?.span.start ?? 0,
  end: items.at(-1)?.span.end ?? 0,
})
