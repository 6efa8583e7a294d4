/** `feature`: the name of a declared one. */
import { messages } from '../../diagnostics/messages.ts'
import { nearest } from '../../diagnostics/nearest.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { print } from '../../symbolic/print.ts'
import type { Blocks, FeatureBody, Name } from '../../syntax/ast.ts'
import { instantiate } from '../feature.ts'
import type { Feature } from '../feature.ts'
import type { AttentionModel, FeatureModel } from '../model.ts'
import { reportAt } from '../report.ts'
import type { Report } from '../report.ts'
import type { Sizes } from '../place.ts'
import { standInSize } from '../sizes.ts'
import { dataOf } from './data.ts'
import { isClosed } from './invariants.ts'
import type { Context, Invariant, SettingRecord } from './setting.ts'
import { expressionOf, readable } from './value.ts'

/** The feature that the attention names, sound or not. */
export function namedFeature(context: Context): Feature | undefined {
  const { features, settings } = context
  const value = readable({ settings }, 'feature')?.value
  if (value === undefined) return undefined
  if (value.body !== undefined) return inPlace(value.body, context)
  const [item, ...others] = value.items
  if (item === undefined || others.length > 0) return undefined
  if (item.kind === 'reference') {
    const named = features.get(item.name)
    if (named !== undefined || !isRow(item.name, context)) return named
  }
  const body: Blocks = { kind: 'blocks', bracketed: false, items: [item], span: value.span }
  return inPlace({ kind: 'shared', body, span: value.span }, context)
}

const isRow = (name: string, context: Context): boolean => {
  const { inputs = [], weights = [] } = dataOf(context)
  return name === 'x' || [...inputs, ...weights].some((tensor) => tensor.name === name)
}

/** A body where the name of a feature may stand: it sees `x`, `w` where there are projections, and what is declared. */
function inPlace(body: FeatureBody, context: Context): Feature {
  const { span } = body
  const name = (text: string): Name => ({ kind: 'name', text, span })
  const projected = context.settings.has('projections')
  const parameters = [name('x'), ...(projected ? [name('w')] : [])]
  return {
    declaration: { kind: 'feature', name: name('in place'), parameters, body, span },
    data: dataOf(context),
    projected,
    standard: false,
    sound: true,
  }
}

/** Says why no feature is named where the setting is there. */
function checkName(context: Context): void {
  const { features, report } = context
  const item = expressionOf(context, 'feature')
  if (item?.kind === 'reference')
    report(messages.unknownFeature(item.span, item.name, nearest(item.name, features.keys())))
}

/** Its model for the sizes of this attention. */
function modelOf(feature: Feature, { settings, sizes, report }: Context): FeatureModel | undefined {
  const place = settings.get('feature')?.value.span
  if (!feature.sound || place === undefined) return undefined
  const reportThere: Report = feature.standard ? reportAt(place, report) : report
  return instantiate(feature, sizesFor(feature, sizes), place, reportThere)
}

/** What an attention gives its feature: m only if the feature is projected. */
function sizesFor({ projected }: Feature, sizes: Sizes): Sizes {
  if (!projected) {
    const { projections: _, ...others } = sizes
    return others
  }
  return {
    ...sizes,
    projections: sizes.projections ?? standInSize,
    standIn: sizes.standIn || sizes.projections === undefined,
  }
}

function verifyFeature({ feature, projections }: AttentionModel, promise: Invariant): void {
  if (feature === undefined) return
  const { query, key, projected, features } = feature
  const names = ['x', 'position', 'length', 'head', 'heads', ...(projected ? ['w'] : [])]
  promise(query.length === key.length && query.length > 0, 'query and key have equally many blocks')
  for (const side of [query, key]) {
    for (const block of side) {
      promise(isClosed(block, names), 'a block is closed over x, w, position and length, in user form')
      const { kind } = block.type
      promise(kind === 'scalar' || (kind === 'vector' && !projected), 'a block has its type')
    }
    const count =
      projections === undefined
        ? side.reduce((sum, { type }) => sum + (type.kind === 'vector' ? type.size : 1), 0)
        : side.length * projections.count
    promise(count === features, 'query and key have the same number of features')
  }
}

const printBlocks = (blocks: readonly Expression[]): string => `[${blocks.map(print).join(', ')}]`

/** φ, for the sizes of this attention. */
export const feature: SettingRecord<'feature'> = {
  name: 'feature',
  evaluation: 'factorised',
  read(context) {
    const named = namedFeature(context)
    if (named === undefined) {
      checkName(context)
      return {}
    }
    const feature = modelOf(named, context)
    return feature ? { feature } : undefined
  },
  verify: verifyFeature,
  bodies: ({ feature }) => [
    ...(feature?.query ?? []).map((expression) => ({ at: 'length', expression }) as const),
    ...(feature?.key ?? []).map((expression) => ({ at: 'keyLength', expression }) as const),
  ],
  print: ({ feature }) =>
    feature && `${feature.name}, ${feature.projected ? 'projected, ' : ''}${feature.features} features`,
  printParts({ feature }) {
    if (feature === undefined) return []
    const { query, key } = feature
    if (query === key) return [['  φ(x)', printBlocks(query)]]
    return [
      ['  φ(q)', printBlocks(query)],
      ['  φ(k)', printBlocks(key)],
    ]
  },
}
