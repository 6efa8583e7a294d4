/** `normalize`, `epsilon` and `stabilize`: the denominator, and how overflow is kept away. */
import { messages } from '../../diagnostics/messages.ts'
import { nearest } from '../../diagnostics/nearest.ts'
import type { StabilizeModel } from '../model.ts'
import { realOf } from '../numbers.ts'
import { single, spanOfAll } from '../settings.ts'
import { readable } from './context.ts'
import type { Context } from './context.ts'
import { describe, isWord, wordOf } from './words.ts'

const nonnegative = { range: 'a number of at least 0', holds: (value: number) => value >= 0 }

export function readNormalize(context: Context): 'sum' | 'none' {
  const setting = readable(context, 'normalize')
  return (setting && wordOf(setting, ['sum', 'none'], context.report)) ?? 'sum'
}

export function readEpsilon(context: Context): number {
  const { sizes, report } = context
  const setting = readable(context, 'epsilon')
  const item = setting && single(setting, report)
  return (item && realOf(item, { setting: 'epsilon', ...nonnegative }, sizes, report)) ?? 0
}

export function readStabilize(context: Context): StabilizeModel {
  const auto: StabilizeModel = { kind: 'auto' }
  const { sizes, report } = context
  const setting = readable(context, 'stabilize')
  const [word, number, ...more] = setting?.value.items ?? []
  if (word === undefined) return auto
  if (isWord(word, 'max')) {
    if (number === undefined) report(messages.stabilizeForm(word.span, '`max` without a number', undefined))
    else if (more.length > 0) report(messages.stabilizeForm(spanOfAll(more), describe(more[0]), undefined))
    const epsilon = number && realOf(number, { setting: 'stabilize', ...nonnegative }, sizes, report)
    return epsilon === undefined ? auto : { kind: 'max', epsilon }
  }
  const kind = (['auto', 'none'] as const).find((known) => isWord(word, known))
  if (kind === undefined) {
    const near = word.kind === 'reference' ? nearest(word.name, ['auto', 'none', 'max']) : undefined
    report(messages.stabilizeForm(word.span, describe(word), near))
  } else if (setting !== undefined) single(setting, report)
  return { kind: kind ?? 'auto' }
}
