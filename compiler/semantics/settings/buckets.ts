/** `buckets`: B [rounds R] [chunk C] [seed S] */
import { messages } from '../../diagnostics/messages.ts'
import type { Expression } from '../../syntax/ast.ts'
import { limits } from '../limits.ts'
import type { BucketsModel } from '../model.ts'
import { integerOf } from '../numbers.ts'
import { spanOfAll } from '../settings.ts'
import { readable } from './context.ts'
import type { Context } from './context.ts'
import { describe, isWord, nearWord } from './words.ts'

const options = {
  rounds: { least: 1, most: limits.rounds, otherwise: 2 },
  chunk: { least: 1, most: limits.chunk, otherwise: 64 },
  seed: { least: 0, most: limits.seed, otherwise: 0 },
} as const

type Option = keyof typeof options

export function readBuckets(context: Context): BucketsModel | undefined {
  const { sizes, report } = context
  const setting = readable(context, 'buckets')
  if (setting === undefined) return undefined
  const [number, ...items] = setting.value.items
  if (number === undefined) return undefined
  if (Object.keys(options).some((word) => isWord(number, word))) {
    report(messages.bucketsForm(number.span, `${describe(number)} without the number of buckets before it`))
    return undefined
  }
  const range = { what: 'the number of buckets', setting: 'buckets', least: 2, most: limits.buckets }
  const count = integerOf(number, range, sizes, report)
  if (count !== undefined && count % 2 === 1) report(messages.bucketsOdd(number.span, count))
  const rounds = takeOption('rounds', items, context)
  const chunk = takeOption('chunk', items, context)
  const seed = takeOption('seed', items, context)
  const [rest] = items
  if (rest !== undefined) {
    const near = nearWord(rest, Object.keys(options))
    report(messages.bucketsForm(near === undefined ? spanOfAll(items) : rest.span, describe(rest), near))
  }
  if (count === undefined || rounds === undefined || chunk === undefined || seed === undefined)
    return undefined
  return { count, rounds, chunk, seed }
}

/** The number after a word, where the word comes next; both are then taken from the items. */
function takeOption(word: Option, items: Expression[], { sizes, report }: Context): number | undefined {
  const { least, most, otherwise } = options[word]
  if (!isWord(items[0], word)) return otherwise
  const [keyword, value] = items.splice(0, 2)
  if (value !== undefined)
    return integerOf(value, { what: `\`${word}\``, setting: 'buckets', least, most }, sizes, report)
  if (keyword !== undefined) report(messages.bucketsForm(keyword.span, `\`${word}\` without a number`))
  return undefined
}
