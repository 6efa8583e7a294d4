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
  const meant = new Map<SettingName, Setting>()
  for (const setting of settings) {
    const { text, span } = setting.key
    if (!isSettingName(text)) {
      // What stands before a syntax error need not have been meant as a setting.
      const near = nearest(text, settingNames)
      if (!isBroken(setting)) report(messages.unknownSetting(span, text, near, settingNames))
      if (near !== undefined) meant.set(near, setting)
    } else if (found.has(text)) report(messages.duplicateSetting(span, text))
    else found.set(text, setting)
  }
  // What is misspelt is there all the same, and its value is read.
  return new Map([...meant, ...found])
}

/** Whether a syntax error took the value away; it has been reported. */
export const isBroken = (setting: Setting): boolean => setting.value.items.length === 0

/** The value as one expression. */
export function single(setting: Setting, report: Report): Expression | undefined {
  const [first, ...others] = setting.value.items
  if (others.length === 0) return first
  report(messages.oneExpression(spanOfAll(others), setting.key.text, others.length + 1, sideBySide(setting)))
  return undefined
}

/** A setting whose colon was forgotten reads as more of the value before it, and so does an operator in letters. */
function sideBySide({ value: { items } }: Setting): string | undefined {
  const names = items.flatMap((item) => (item.kind === 'reference' ? [item.name] : []))
  const name = names.find((name) => isSettingName(name))
  if (name !== undefined) return `a setting needs a colon: \`${name}: …\``
  const word = names.find((name) => Object.hasOwn(operators, name))
  return word === undefined ? undefined : `\`${word}\` is written \`${operators[word] ?? ''}\``
}

const operators: Readonly<Record<string, string>> = { and: '&&', or: '||', not: '!', mod: '%' }

export const spanOfAll = (items: readonly Expression[]): Span => ({
  start: items[0]?.span.start ?? 0,
  end: items.at(-1)?.span.end ?? 0,
})
