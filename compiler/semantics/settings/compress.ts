/** `compress`: N learned */
import { messages } from '../../diagnostics/messages.ts'
import { limits } from '../limits.ts'
import type { CompressModel } from '../model.ts'
import { integerOf } from '../numbers.ts'
import { spanOfAll } from '../settings.ts'
import { readable } from './context.ts'
import type { Context } from './context.ts'
import { describe, isWord, nearWord } from './words.ts'

export function readCompress(context: Context): CompressModel | undefined {
  const { sizes, report } = context
  const setting = readable(context, 'compress')
  if (setting === undefined) return undefined
  const [number, word, ...more] = setting.value.items
  if (number === undefined) return undefined
  if (isWord(number, 'learned')) {
    report(messages.compressForm(number.span, '`learned` without a number before it'))
    return undefined
  }
  const range = { what: 'the number of pooled rows', setting: 'compress', least: 1, most: limits.compress }
  const count = integerOf(number, range, sizes, report)
  const learned = isWord(word, 'learned')
  if (word === undefined) report(messages.compressForm(number.span, `${describe(number)} alone`))
  else if (!learned) report(messages.compressForm(word.span, describe(word), nearWord(word, ['learned'])))
  else if (more.length > 0) report(messages.compressForm(spanOfAll(more), `${describe(more[0])} after it`))
  if (count === undefined || !learned || more.length > 0) return undefined
  return { count, source: 'learned' }
}
