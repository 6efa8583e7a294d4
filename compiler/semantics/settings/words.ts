/** Values that are one of a few words. */
import { messages } from '../../diagnostics/messages.ts'
import { nearest } from '../../diagnostics/nearest.ts'
import type { Expression, Setting } from '../../syntax/ast.ts'
import type { Context } from './setting.ts'
import { single } from './value.ts'

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
    case 'index':
    case 'unary':
    case 'binary':
      return 'an expression'
  }
}

/** Whether the item is this word. */
export const isWord = (item: Expression | undefined, word: string): boolean =>
  item?.kind === 'reference' && item.name === word

/** The word that a misspelt one was probably meant to be. */
export function nearWord(item: Expression | undefined, words: readonly string[]): string | undefined {
  const near = item?.kind === 'reference' ? nearest(item.name, words) : undefined
  return isWord(item, near ?? '') ? undefined : near
}

/** Which of the words the value is; if none, that is said. */
export function wordOf<Word extends string>(
  setting: Setting,
  words: readonly Word[],
  context: Context,
): Word | undefined {
  const item = single(setting, context)
  if (item === undefined) return undefined
  const word = words.find((known) => isWord(item, known))
  if (word === undefined) {
    const near = nearWord(item, words)
    context.report(messages.unknownChoice(item.span, setting.key.text, describe(item), words, near))
  }
  return word
}
