/** `landmarks`, and `pinv` and `conv` beside them. */
import { messages } from '../../diagnostics/messages.ts'
import { limits } from '../limits.ts'
import type { LandmarksModel } from '../model.ts'
import { integerOf } from '../numbers.ts'
import { single, spanOfAll } from '../settings.ts'
import { readable } from './context.ts'
import type { Context } from './context.ts'
import { describe, isWord, nearWord } from './words.ts'

const sources = ['segment_means', 'learned'] as const

export function readLandmarks(context: Context): LandmarksModel | undefined {
  const { sizes, report } = context
  const pinv = readCount(context, 'pinv', limits.pinv) ?? 6
  const conv = readCount(context, 'conv', limits.conv)
  const setting = readable(context, 'landmarks')
  if (setting === undefined) return undefined
  const [number, word, ...more] = setting.value.items
  const source = sources.find((known) => isWord(word, known))
  if (number === undefined) return undefined
  const range = { what: 'the number of landmarks', setting: 'landmarks', least: 1, most: limits.landmarks }
  const count = sources.some((known) => isWord(number, known))
    ? undefined
    : integerOf(number, range, sizes, report)
  if (sources.some((known) => isWord(number, known)))
    report(messages.landmarksForm(number.span, `${describe(number)} without a number before it`))
  else if (source === undefined)
    report(
      messages.landmarksForm(
        word?.span ?? number.span,
        describeNumber(word, number),
        nearWord(word, sources),
      ),
    )
  else if (more.length > 0) report(messages.landmarksForm(spanOfAll(more), `${describe(more[0])} after it`))
  if (count === undefined || source === undefined || more.length > 0) return undefined
  return { count, source, pinv, ...(conv !== undefined && { conv }) }
}

const describeNumber = (
  word: Parameters<typeof describe>[0],
  number: Parameters<typeof describe>[0],
): string => (word === undefined ? `${describe(number)} alone` : describe(word))

function readCount(context: Context, name: 'pinv' | 'conv', most: number): number | undefined {
  const { sizes, report } = context
  const setting = readable(context, name)
  const item = setting && single(setting, report)
  const value = item && integerOf(item, { what: `\`${name}\``, setting: name, least: 1, most }, sizes, report)
  if (value === undefined || name === 'pinv' || value % 2 === 1) return value
  report(messages.convEven(item?.span ?? setting?.span ?? { start: 0, end: 0 }, value))
  return undefined
}
