/** `feature`: the name of a declared one. */
import { messages } from '../../diagnostics/messages.ts'
import { nearest } from '../../diagnostics/nearest.ts'
import { instantiate } from '../feature.ts'
import type { Feature } from '../feature.ts'
import type { FeatureModel } from '../model.ts'
import { reportAt } from '../report.ts'
import type { Report } from '../report.ts'
import type { Sizes } from '../scope.ts'
import { single } from '../settings.ts'
import { readable } from './context.ts'
import type { Context } from './context.ts'

/** The feature that the attention names, sound or not. */
export function chooseFeature(context: Omit<Context, 'sizes'>): Feature | undefined {
  const { features, report } = context
  const setting = readable(context, 'feature')
  const item = setting && single(setting, report)
  if (item === undefined) return undefined
  if (item.kind !== 'reference') {
    report(messages.featureNotAName(item.span))
    return undefined
  }
  const feature = features.get(item.name)
  if (feature === undefined)
    report(messages.unknownFeature(item.span, item.name, nearest(item.name, features.keys())))
  return feature
}

/** Its model for the sizes of this attention. */
export function modelFeature(feature: Feature, sizes: Sizes, context: Context): FeatureModel | undefined {
  const place = context.settings.get('feature')?.value.span
  if (!feature.sound || place === undefined) return undefined
  const report: Report = feature.standard ? reportAt(place, context.report) : context.report
  return instantiate(feature, sizes, place, report)
}
