/** `buckets`: B [rounds R] [chunk C] [seed S] */
import { messages } from '../../diagnostics/messages.ts'
import type { Expression } from '../../syntax/ast.ts'
import { largestSeed } from '../limits.ts'
import type { BucketsModel } from '../model.ts'
import { integerOf } from '../numbers.ts'
import { isCount } from './invariants.ts'
import type { Context, Rule, SettingRecord } from './setting.ts'
import { readable, spanOf, spanOfAll } from './value.ts'
import { describe, isWord, nearWord } from './words.ts'

const counted = { what: 'the number of buckets', setting: 'buckets', least: 2, most: 4096 }

const options = {
  rounds: { least: 1, most: 64, otherwise: 2 },
  chunk: { least: 1, most: 4096, otherwise: 64 },
  seed: { least: 0, most: largestSeed, otherwise: 0 },
} as const

function read(context: Context): BucketsModel | undefined {
  const { sizes, report } = context
  const setting = readable(context, 'buckets')
  if (setting === undefined) return undefined
  const [number, ...items] = setting.value.items
  if (number === undefined) return undefined
  if (Object.keys(options).some((word) => isWord(number, word))) {
    report(messages.bucketsForm(number.span, `${describe(number)} without the number of buckets before it`))
    return undefined
  }
  const count = integerOf(number, counted, sizes, report)
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
function takeOption(
  word: keyof typeof options,
  items: Expression[],
  { sizes, report }: Context,
): number | undefined {
  const { least, most, otherwise } = options[word]
  if (!isWord(items[0], word)) return otherwise
  const [keyword, value] = items.splice(0, 2)
  if (value !== undefined)
    return integerOf(value, { what: `\`${word}\``, setting: 'buckets', least, most }, sizes, report)
  if (keyword !== undefined) report(messages.bucketsForm(keyword.span, `\`${word}\` without a number`))
  return undefined
}

const sortedWhole: Rule = (context) => {
  const { settings, draft, report } = context
  if (!settings.has('buckets')) return
  if (draft.normalize === 'none') report(messages.bucketsUnnormalised(spanOf(context, 'normalize')))
  if (draft.mask?.kind === 'causal') report(messages.bucketsCausal(spanOf(context, 'mask')))
}

/** Rows meet those that a hash sorts near them. */
export const buckets: SettingRecord<'buckets'> = {
  name: 'buckets',
  evaluation: 'bucketed',
  read(context) {
    const buckets = read(context)
    return buckets ? { buckets } : {}
  },
  rules: [sortedWhole],
  verify({ buckets }, promise) {
    if (buckets === undefined) return
    const { count, rounds, chunk, seed } = buckets
    promise(isCount(count) && count % 2 === 0, 'the number of buckets is positive and even')
    promise(isCount(rounds) && isCount(chunk), 'rounds and chunk are positive integers')
    promise(Number.isSafeInteger(seed) && seed >= 0, 'the seed is a nonnegative integer')
  },
  print: ({ buckets }) =>
    buckets && `${buckets.count} rounds ${buckets.rounds} chunk ${buckets.chunk} seed ${buckets.seed}`,
}
