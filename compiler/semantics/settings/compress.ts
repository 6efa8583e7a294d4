/** `compress`: N learned */
import { messages } from '../../diagnostics/messages.ts'
import type { CompressModel } from '../model.ts'
import { integerOf } from '../numbers.ts'
import { isCount } from './invariants.ts'
import type { Context, Rule, SettingRecord } from './setting.ts'
import { readable, spanOf, spanOfAll } from './value.ts'
import { describe, isWord, nearWord } from './words.ts'

const counted = { what: 'the number of pooled rows', setting: 'compress', least: 1, most: 4096 }

function read(context: Context): CompressModel | undefined {
  const { sizes, report } = context
  const setting = readable(context, 'compress')
  if (setting === undefined) return undefined
  const [number, word, ...more] = setting.value.items
  if (number === undefined) return undefined
  if (isWord(number, 'learned')) {
    report(messages.compressForm(number.span, '`learned` without a number before it'))
    return undefined
  }
  const count = integerOf(number, counted, sizes, report)
  const learned = isWord(word, 'learned')
  if (word === undefined) report(messages.compressForm(number.span, `${describe(number)} alone`))
  else if (!learned) report(messages.compressForm(word.span, describe(word), nearWord(word, ['learned'])))
  else if (more.length > 0) report(messages.compressForm(spanOfAll(more), `${describe(more[0])} after it`))
  if (count === undefined || !learned || more.length > 0) return undefined
  return { count, source: 'learned' }
}

const pooledWhole: Rule = (context) => {
  const { settings, draft, report } = context
  if (settings.has('compress') && draft.mask !== undefined && draft.mask.kind !== 'none')
    report(messages.compressMasked(spanOf(context, 'mask')))
}

/** Keys and values are pooled into a few rows. */
export const compress: SettingRecord<'compress'> = {
  name: 'compress',
  evaluation: 'compressed',
  read(context) {
    const compress = read(context)
    return compress ? { compress } : {}
  },
  rules: [pooledWhole],
  verify({ compress, mask }, promise) {
    if (compress === undefined) return
    promise(isCount(compress.count), 'the number of pooled rows is a positive integer')
    promise(mask.kind === 'none', 'what sees the whole sequence is not masked')
  },
  print: ({ compress }) => compress && `${compress.count} ${compress.source}`,
}
