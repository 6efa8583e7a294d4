/** Values that are one of a few words. */
import { messages } from '../../diagnostics/messages.ts'
import { nearest } from '../../diagnostics/nearest.ts'
import type { Expression, Setting } from '../../syntax/ast.ts'
import type { Report } from '../report.ts'
import { single } from '../settings.ts'

/** What an item of a value is called where another was expected. */
export function describe(item: Expression | undefined): string {
  switch (item?.kind) {
    case undefined:
      return 'the end of the value'
    case 'number':
      return `the number ${item.text}`
    case 'reference':
      return `\`${item.name}\``
    case 'call':
      return `\`${item.callee.text}(…)\``
    case 'unary':
    case 'binary':
      return 'an expression'
  }
}

export const isWord = (item: Expression | undefined, word: string): boolean =>
  item?.kind === 'reference' && item.name === word

/** The word that a misspelt one was probably meant to be. */
export function nearWord(item: Expression | undefined, words: readonly string[]): string | undefined {
  const near = item?.kind === 'reference' ? nearest(item.name, words) : undefined
  return isWord(item, near ?? '') ? undefined : near
}

export function wordOf<Word extends string>(
  setting: Setting,
  words: readonly Word[],
  report: Report,
): Word | undefined {
  const item = single(setting, report)
  if (item === undefined) return undefined
  const word = words.find((known) => isWord(item, known))
  if (word === undefined) {
    report(messages.unknownChoice(item.span, setting.key.text, describe(item), words, nearWord(item, words)))
  }
  return word
}
