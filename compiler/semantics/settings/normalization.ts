/** `normalize`, `epsilon` and `stabilize`: the denominator, and how overflow is kept away. */
import { messages } from '../../diagnostics/messages.ts'
import { nearest } from '../../diagnostics/nearest.ts'
import type { StabilizeModel } from '../model.ts'
import { realOf } from '../numbers.ts'
import { namedFeature } from './feature.ts'
import type { Context, Rule, SettingRecord } from './setting.ts'
import { expressionOf, readable, single, spanOf, spanOfAll } from './value.ts'
import { describe, isWord, wordOf } from './words.ts'

const nonnegative = { range: 'a number of at least 0', holds: (value: number) => value >= 0 }

/** Whether there is a denominator. */
export const normalize: SettingRecord<'normalize'> = {
  name: 'normalize',
  read(context) {
    const setting = readable(context, 'normalize')
    return { normalize: (setting && wordOf(setting, ['sum', 'none'], context)) ?? 'sum' }
  },
  print: ({ normalize }) => normalize,
}

const needsDenominator: Rule = (context) => {
  const { settings, draft, report } = context
  const { normalize, epsilon = 0 } = draft
  if (normalize === 'none' && epsilon > 0 && !settings.has('landmarks'))
    report(messages.epsilonUnused(spanOf(context, 'epsilon')))
}

/** ε, which is added to the denominator. */
export const epsilon: SettingRecord<'epsilon'> = {
  name: 'epsilon',
  read(context) {
    const item = expressionOf(context, 'epsilon')
    const range = { setting: 'epsilon', ...nonnegative }
    return { epsilon: (item && realOf(item, range, context.sizes, context.report)) ?? 0 }
  },
  rules: [needsDenominator],
  verify({ epsilon }, promise) {
    promise(Number.isFinite(epsilon) && epsilon >= 0, 'epsilon is nonnegative and finite')
  },
  print: ({ epsilon }) => String(epsilon),
}

function readStabilize(context: Context): StabilizeModel {
  const auto: StabilizeModel = { kind: 'auto' }
  const { sizes, report } = context
  const setting = readable(context, 'stabilize')
  const [word, number, ...more] = setting?.value.items ?? []
  if (word === undefined) return auto
  if (isWord(word, 'max')) {
    if (number === undefined) report(messages.stabilizeForm(word.span, '`max` without a number', undefined))
    else if (more.length > 0) report(messages.stabilizeForm(spanOfAll(more), describe(more[0]), undefined))
    const offset = number && realOf(number, { setting: 'stabilize', ...nonnegative }, sizes, report)
    return offset === undefined ? auto : { kind: 'max', offset }
  }
  const kind = (['auto', 'none'] as const).find((known) => isWord(word, known))
  if (kind === undefined) {
    const near = word.kind === 'reference' ? nearest(word.name, ['auto', 'none', 'max']) : undefined
    report(messages.stabilizeForm(word.span, describe(word), near))
  } else if (setting !== undefined) single(setting, context)
  return { kind: kind ?? 'auto' }
}

const maximumOfProjections: Rule = (context) => {
  const { settings, draft, report } = context
  if (draft.stabilize?.kind !== 'max' || settings.has('landmarks')) return
  const feature = namedFeature(context)
  const unknown = settings.has('feature') && feature === undefined
  const span = spanOf(context, 'stabilize')
  if (!unknown && feature?.projected !== true) report(messages.stabilizeNeedsProjected(span))
  else if (draft.mask?.kind === 'causal') report(messages.stabilizeMaxCausal(span))
}

/** How exponentials are kept in range. */
export const stabilize: SettingRecord<'stabilize'> = {
  name: 'stabilize',
  read: (context) => ({ stabilize: readStabilize(context) }),
  rules: [maximumOfProjections],
  print: ({ stabilize }) => (stabilize.kind === 'max' ? `max ${stabilize.offset}` : stabilize.kind),
}
