/**
 * Rules between settings. Each looks at what is set and says what does not go
 * together; a setting whose value could not be read still counts as set.
 */
import type { Span } from '../diagnostics/diagnostic.ts'
import { messages } from '../diagnostics/messages.ts'
import type { Feature } from './feature.ts'
import type { MaskModel, StabilizeModel } from './model.ts'
import type { Report } from './report.ts'
import { isBroken } from './settings.ts'
import type { SettingName, Settings } from './settings.ts'
import type { AttentionDeclaration } from '../syntax/ast.ts'

export interface Together {
  readonly declaration: AttentionDeclaration
  readonly settings: Settings
  /** The feature that `feature` names, if that is one. */
  readonly feature: Feature | undefined
  /** Nothing where the mask could not be read. */
  readonly mask: MaskModel | undefined
  readonly normalize: 'sum' | 'none'
  readonly epsilon: number
  readonly stabilize: StabilizeModel
}

type Rule = (together: Together, report: Report) => void

export function checkTogether(together: Together, report: Report): void {
  for (const rule of rules) rule(together, report)
}

const keySpan = (settings: Settings, name: SettingName): Span | undefined => settings.get(name)?.key.span
const wholeSpan = (settings: Settings, name: SettingName): Span =>
  settings.get(name)?.span ?? { start: 0, end: 0 }

const hasScore: Rule = ({ declaration, settings }, report) => {
  if (settings.has('kernel') || settings.has('feature') || settings.has('landmarks')) return
  if (declaration.incomplete !== true) report(messages.noScore(declaration.name.span, declaration.name.text))
}

const projectionsIffProjected: Rule = ({ declaration, settings, feature }, report) => {
  const projections = settings.get('projections')
  if (feature !== undefined) {
    const { text } = feature.declaration.name
    const { incomplete, parameters } = feature.declaration
    const known = incomplete !== true && (parameters.length === 1 || parameters.length === 2)
    if (known && feature.projected && projections === undefined && declaration.incomplete !== true)
      report(messages.projectionsMissing(wholeSpan(settings, 'feature'), text))
    if (known && !feature.projected && projections !== undefined)
      report(messages.projectionsUnneeded(projections.span, text))
  } else if (projections !== undefined && !settings.has('feature') && declaration.incomplete !== true)
    report(messages.projectionsWithoutFeature(projections.span))
}

const landmarksAlone: Rule = ({ declaration, settings, mask, normalize, epsilon, stabilize }, report) => {
  if (!settings.has('landmarks')) {
    for (const name of ['pinv', 'conv'] as const)
      if (settings.has(name) && declaration.incomplete !== true)
        report(messages.landmarksOnly(wholeSpan(settings, name), name))
    return
  }
  const landmarks = wholeSpan(settings, 'landmarks')
  if (settings.has('feature')) report(messages.landmarksWithFeature(landmarks))
  else if (!settings.has('kernel') && declaration.incomplete !== true)
    report(messages.landmarksWithoutKernel(landmarks))
  if (mask !== undefined && mask.kind !== 'none')
    report(messages.landmarksMasked(wholeSpan(settings, 'mask')))
  if (normalize === 'none')
    report(messages.notForLandmarks(wholeSpan(settings, 'normalize'), 'normalize: none'))
  if (epsilon > 0) report(messages.notForLandmarks(wholeSpan(settings, 'epsilon'), 'epsilon'))
  if (stabilize.kind === 'max')
    report(messages.notForLandmarks(wholeSpan(settings, 'stabilize'), 'stabilize: max'))
}

/** Four ways of evaluation, of which an attention has one; a feature beside landmarks is told above. */
const oneWay: Rule = ({ settings }, report) => {
  const ways = (['feature', 'landmarks', 'compress', 'buckets'] as const).filter((name) => settings.has(name))
  for (const [index, name] of ways.entries()) {
    const [first] = ways
    if (index > 0 && first !== undefined && name !== 'landmarks')
      report(messages.evaluatedTwice(wholeSpan(settings, name), first, name))
  }
}

const pooledWhole: Rule = ({ settings, mask }, report) => {
  if (settings.has('compress') && mask !== undefined && mask.kind !== 'none')
    report(messages.compressMasked(wholeSpan(settings, 'mask')))
}

const bucketsSortAll: Rule = ({ settings, mask, normalize }, report) => {
  if (!settings.has('buckets')) return
  if (normalize === 'none') report(messages.bucketsUnnormalised(wholeSpan(settings, 'normalize')))
  if (mask?.kind === 'causal') report(messages.bucketsCausal(wholeSpan(settings, 'mask')))
}

const conditionsAreExact: Rule = ({ settings, mask }, report) => {
  if (mask?.kind === 'condition' && settings.has('feature'))
    report(messages.conditionNeedsExact(wholeSpan(settings, 'mask')))
}

const decayIsCarried: Rule = ({ declaration, settings, mask }, report) => {
  const decay = keySpan(settings, 'decay')
  if (decay === undefined || declaration.incomplete === true) return
  if (!settings.has('feature')) report(messages.decayNeedsFeature(wholeSpan(settings, 'decay')))
  const maskBroken =
    mask === undefined || [settings.get('mask')].some((setting) => setting && isBroken(setting))
  if (!maskBroken && mask.kind !== 'causal') report(messages.decayNeedsCausal(wholeSpan(settings, 'decay')))
}

const maximumOverProjections: Rule = ({ settings, feature, mask, stabilize }, report) => {
  if (stabilize.kind !== 'max' || settings.has('landmarks')) return
  const unknown = settings.has('feature') && feature === undefined
  const span = wholeSpan(settings, 'stabilize')
  if (!unknown && feature?.projected !== true) report(messages.stabilizeNeedsProjected(span))
  else if (mask?.kind === 'causal') report(messages.stabilizeMaxCausal(span))
}

const epsilonNeedsDenominator: Rule = ({ settings, normalize, epsilon }, report) => {
  if (normalize === 'none' && epsilon > 0 && !settings.has('landmarks'))
    report(messages.epsilonUnused(wholeSpan(settings, 'epsilon')))
}

const rules: readonly Rule[] = [
  hasScore,
  projectionsIffProjected,
  landmarksAlone,
  oneWay,
  pooledWhole,
  bucketsSortAll,
  conditionsAreExact,
  decayIsCarried,
  maximumOverProjections,
  epsilonNeedsDenominator,
]
