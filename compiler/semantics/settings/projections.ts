/** `projections`: N [iid | orthogonal | hadamard | simplex] [fixed_norm] [seed S] */
import { couplings } from '../../../runtime/contract/projections.ts'
import { messages } from '../../diagnostics/messages.ts'
import { largestSeed } from '../limits.ts'
import type { ProjectionsModel } from '../model.ts'
import { integerOf } from '../numbers.ts'
import { standInSize } from '../sizes.ts'
import { namedFeature } from './feature.ts'
import { isCount } from './invariants.ts'
import type { Context, Rule, SettingRecord } from './setting.ts'
import { readable, spanOf, spanOfAll } from './value.ts'
import { describe, isWord, nearWord } from './words.ts'

const counted = { what: 'the number of projections', setting: 'projections', least: 1, most: 65_536 }
const seeded = { what: '`seed`', setting: 'projections', least: 0, most: largestSeed }

function read(context: Context): ProjectionsModel | undefined {
  const { sizes, report } = context
  const setting = readable(context, 'projections')
  if (setting === undefined) return undefined
  const items = [...setting.value.items]
  const number = items.shift()
  if (number === undefined) return undefined
  if (number.kind === 'reference' && couplings.some((known) => known === number.name)) {
    report(messages.projectionsForm(number.span, describe(number)))
    return undefined
  }
  const count = integerOf(number, counted, sizes, report)
  const coupling = couplings.find((known) => isWord(items[0], known))
  const couplingItem = coupling === undefined ? undefined : items.shift()
  const fixedNorm = isWord(items[0], 'fixed_norm')
  if (fixedNorm) items.shift()
  let seed: number | undefined = 0
  if (isWord(items[0], 'seed')) {
    const word = items.shift()
    const value = items.shift()
    if (value === undefined)
      report(messages.projectionsForm(word?.span ?? number.span, '`seed` without a number'))
    seed = value && integerOf(value, seeded, sizes, report)
  }
  const [rest] = items
  if (rest !== undefined) {
    const near = nearWord(rest, [...couplings, 'fixed_norm', 'seed'])
    report(messages.projectionsForm(near === undefined ? spanOfAll(items) : rest.span, describe(rest), near))
  }
  if (coupling === 'simplex' && sizes.dim < 2) report(messages.simplexDim(couplingItem?.span ?? number.span))
  if (count === undefined || seed === undefined) return undefined
  return { count, coupling: coupling ?? 'iid', fixedNorm, seed }
}

const givenIfProjected: Rule = (context) => {
  const { declaration, settings, report } = context
  const projections = settings.get('projections')
  const feature = namedFeature(context)
  if (feature !== undefined) {
    const { text } = feature.declaration.name
    const { incomplete, parameters } = feature.declaration
    const known = incomplete !== true && (parameters.length === 1 || parameters.length === 2)
    if (known && feature.projected && projections === undefined && declaration.incomplete !== true)
      report(messages.projectionsMissing(spanOf(context, 'feature'), text))
    if (known && !feature.projected && projections !== undefined)
      report(messages.projectionsUnneeded(projections.span, text))
  } else if (projections !== undefined && !settings.has('feature') && declaration.incomplete !== true)
    report(messages.projectionsWithoutFeature(projections.span))
}

/** m, and the law by which projection rows are drawn. */
export const projections: SettingRecord<'projections'> = {
  name: 'projections',
  read(context) {
    const projections = read(context)
    return projections ? { projections } : {}
  },
  // A feature or a kernel may speak of m wherever `projections` is set, even wrongly.
  constants({ settings, sizes, draft: { projections } }) {
    if (!settings.has('projections')) return sizes
    return {
      ...sizes,
      projections: projections?.count ?? standInSize,
      standIn: sizes.standIn || projections === undefined,
    }
  },
  rules: [givenIfProjected],
  verify({ projections, feature }, promise) {
    promise(
      (projections !== undefined) === (feature?.projected === true),
      'projections go with a projected feature',
    )
    if (projections) promise(isCount(projections.count), 'the number of projections is a positive integer')
  },
  print: ({ projections }) =>
    projections &&
    `${projections.count} ${projections.coupling}${projections.fixedNorm ? ' fixed_norm' : ''} seed ${projections.seed}`,
}
