/** Values as the file has them: the expression of a setting, and where it stands. */
import type { Span } from '../../diagnostics/diagnostic.ts'
import { messages } from '../../diagnostics/messages.ts'
import type { Expression, Setting } from '../../syntax/ast.ts'
import type { Context, SettingName } from './setting.ts'

/** Whether a syntax error took the value away; it has been reported. */
export const isBroken = (setting: Setting): boolean => setting.value.items.length === 0

/** The setting, if it is there and can be read. */
export function readable({ settings }: Pick<Context, 'settings'>, name: SettingName): Setting | undefined {
  const setting = settings.get(name)
  return setting === undefined || isBroken(setting) ? undefined : setting
}

/** The value as one expression, if the setting is there. */
export function expressionOf(context: Context, name: SettingName): Expression | undefined {
  const setting = readable(context, name)
  return setting && single(setting, context)
}

/** The value as one expression. */
export function single(setting: Setting, { known, report }: Context): Expression | undefined {
  const [first, ...others] = setting.value.items
  if (others.length === 0) return first
  const help = sideBySide(setting, known)
  report(messages.oneExpression(spanOfAll(others), setting.key.text, others.length + 1, help))
  return undefined
}

/** A setting whose colon was forgotten reads as more of the value before it, and so does an operator in letters. */
function sideBySide({ value: { items } }: Setting, known: readonly string[]): string | undefined {
  const names = items.flatMap((item) => (item.kind === 'reference' ? [item.name] : []))
  const name = names.find((name) => known.includes(name))
  if (name !== undefined) return `a setting needs a colon: \`${name}: …\``
  const word = names.find((name) => Object.hasOwn(operators, name))
  return word === undefined ? undefined : `\`${word}\` is written \`${operators[word] ?? ''}\``
}

const operators: Readonly<Record<string, string>> = { and: '&&', or: '||', not: '!', mod: '%' }

/** From the first of some items to the last. */
export const spanOfAll = (items: readonly Expression[]): Span => ({
  start: items[0]?.span.start ?? 0,
  end: items.at(-1)?.span.end ?? 0,
})

/** The setting with its value. */
export const spanOf = ({ settings }: Context, name: SettingName): Span =>
  settings.get(name)?.span ?? { start: 0, end: 0 }
