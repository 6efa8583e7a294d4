/** `landmarks`, and `pinv` and `conv` beside them. */
import { messages } from '../../diagnostics/messages.ts'
import type { LandmarksModel } from '../model.ts'
import { integerOf } from '../numbers.ts'
import { isCount } from './invariants.ts'
import type { Context, Rule, SettingRecord } from './setting.ts'
import { expressionOf, readable, spanOf, spanOfAll } from './value.ts'
import { describe, isWord, nearWord } from './words.ts'

const sources = ['segment_means', 'learned'] as const
const counted = { what: 'the number of landmarks', setting: 'landmarks', least: 1, most: 4096 }

function read(context: Context): LandmarksModel | undefined {
  const { sizes, report } = context
  const setting = readable(context, 'landmarks')
  if (setting === undefined) return undefined
  const [number, word, ...more] = setting.value.items
  const source = sources.find((known) => isWord(word, known))
  if (number === undefined) return undefined
  const isSource = sources.some((known) => isWord(number, known))
  const count = isSource ? undefined : integerOf(number, counted, sizes, report)
  const found = word === undefined ? `${describe(number)} alone` : describe(word)
  if (isSource) report(messages.landmarksForm(number.span, `${describe(number)} without a number before it`))
  else if (source === undefined)
    report(messages.landmarksForm(word?.span ?? number.span, found, nearWord(word, sources)))
  else if (more.length > 0) report(messages.landmarksForm(spanOfAll(more), `${describe(more[0])} after it`))
  if (count === undefined || source === undefined || more.length > 0) return undefined
  return { count, source, pinv: 6 }
}

const notMasked: Rule = (context) => {
  const { settings, draft, report } = context
  if (settings.has('landmarks') && draft.mask !== undefined && draft.mask.kind !== 'none')
    report(messages.landmarksMasked(spanOf(context, 'mask')))
}

const normalizedByThemselves: Rule = (context) => {
  const { settings, draft, report } = context
  if (!settings.has('landmarks')) return
  if (draft.normalize === 'none')
    report(messages.notForLandmarks(spanOf(context, 'normalize'), 'normalize: none'))
  if (draft.epsilon !== undefined && draft.epsilon > 0)
    report(messages.notForLandmarks(spanOf(context, 'epsilon'), 'epsilon'))
  if (draft.stabilize?.kind === 'max')
    report(messages.notForLandmarks(spanOf(context, 'stabilize'), 'stabilize: max'))
}

/** The number of landmark rows, and where they come from. */
export const landmarks: SettingRecord<'landmarks'> = {
  name: 'landmarks',
  evaluation: 'landmarks',
  beside: messages.landmarksWithFeature,
  withoutKernel: messages.landmarksWithoutKernel,
  read(context) {
    const landmarks = read(context)
    return landmarks ? { landmarks } : {}
  },
  rules: [notMasked, normalizedByThemselves],
  verify({ landmarks, mask }, promise) {
    if (landmarks === undefined) return
    promise(isCount(landmarks.count), 'the number of landmarks is a positive integer')
    promise(mask.kind === 'none', 'what sees the whole sequence is not masked')
  },
  print: ({ landmarks }) => landmarks && `${landmarks.count} ${landmarks.source}`,
}

/** The value of `pinv` or `conv`, which is checked without landmarks too. */
function countOf(context: Context, name: 'pinv' | 'conv', most: number): number | undefined {
  const item = expressionOf(context, name)
  const range = { what: `\`${name}\``, setting: name, least: 1, most }
  return item && integerOf(item, range, context.sizes, context.report)
}

const besideLandmarks =
  (name: 'pinv' | 'conv'): Rule =>
  (context) => {
    const { declaration, settings, report } = context
    if (settings.has(name) && !settings.has('landmarks') && declaration.incomplete !== true)
      report(messages.landmarksOnly(spanOf(context, name), name))
  }

/** Steps of the iterative pseudo-inverse. */
export const pinv: SettingRecord<'pinv'> = {
  name: 'pinv',
  read(context) {
    const pinv = countOf(context, 'pinv', 100)
    const { landmarks } = context.draft
    return landmarks && pinv !== undefined ? { landmarks: { ...landmarks, pinv } } : {}
  },
  rules: [besideLandmarks('pinv')],
  verify({ landmarks }, promise) {
    if (landmarks) promise(isCount(landmarks.pinv), 'pinv is a positive integer')
  },
  print: ({ landmarks }) => landmarks && String(landmarks.pinv),
}

/** Width of the convolution over the values. */
export const conv: SettingRecord<'conv'> = {
  name: 'conv',
  read(context) {
    const conv = countOf(context, 'conv', 4095)
    const items = context.settings.get('conv')?.value.items ?? []
    if (conv !== undefined && conv % 2 === 0)
      context.report(messages.filterEven(spanOfAll(items), 'conv', conv))
    const { landmarks } = context.draft
    return landmarks && conv !== undefined ? { landmarks: { ...landmarks, conv } } : {}
  },
  rules: [besideLandmarks('conv')],
  verify({ landmarks }, promise) {
    if (landmarks?.conv !== undefined) promise(landmarks.conv % 2 === 1, 'conv is odd')
  },
  print: ({ landmarks }) => landmarks && (landmarks.conv === undefined ? 'none' : String(landmarks.conv)),
}
