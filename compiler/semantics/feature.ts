/**
 * Features. A declaration is checked once with stand-in sizes, used or not, so
 * that its mistakes are told in its own terms; each attention that uses it then
 * makes its own model, where the sizes are numbers.
 */
import type { Span } from '../diagnostics/diagnostic.ts'
import { messages } from '../diagnostics/messages.ts'
import type { Expression } from '../symbolic/expression.ts'
import { describeType } from '../symbolic/operators.ts'
import type { Blocks, FeatureDeclaration } from '../syntax/ast.ts'
import type { Definitions } from './definitions.ts'
import { elaborate } from './elaborate.ts'
import { limits } from './limits.ts'
import type { FeatureModel } from './model.ts'
import { checkParameters, checkUse } from './parameters.ts'
import { soundly } from './report.ts'
import type { Report } from './report.ts'
import type { Data } from './data.ts'
import { featureScope, inPlaceScope } from './scope.ts'
import type { Scope, Sizes } from './place.ts'
import { inTermsOfDim, standInSize } from './sizes.ts'
import { checkVanishing, scaleOf } from './vanishing.ts'
import { isShortEnough } from './written-out.ts'

/** A feature as it was declared, before any attention gives it sizes. */
export interface Feature {
  readonly declaration: FeatureDeclaration
  /** It is written in an attention, whose tensors it sees. */
  readonly data?: Data
  readonly projected: boolean
  /** Declared in the prelude, whose text the reader of a file does not see. */
  readonly standard: boolean
  /** Whether a model of it can be made; if not, that has been said. */
  readonly sound: boolean
}

/** @param known the names of all features that there are */
export function checkFeature(
  declaration: FeatureDeclaration,
  standard: boolean,
  known: ReadonlySet<string>,
  definitions: Definitions,
  report: Report,
): Feature {
  const projected = declaration.parameters.length === 2
  // After a syntax error neither parameters nor blocks need be what was meant.
  const sound =
    declaration.incomplete !== true &&
    soundly(report, (report) => {
      checkParameters(declaration, report)
      const sizes = { ...standIns, definitions, projections: projected ? standInSize : undefined }
      model(declaration, sizes, report, known)
    })
  if (sound) checkUse(declaration, report)
  return { declaration, projected, standard, sound }
}

const standIns = { dim: standInSize, standIn: true }

/** φ for one attention's sizes; `place` is where the attention names it. */
export function instantiate(
  feature: Feature,
  sizes: Sizes,
  place: Span,
  report: Report,
): FeatureModel | undefined {
  const made = model(feature.declaration, sizes, report, undefined, feature.data)
  if (made === undefined || sizes.standIn) return made
  if (made.features <= limits.features) return made
  report(messages.tooManyFeatures(place, made.features, limits.features, made.name))
  return undefined
}

function model(
  declaration: FeatureDeclaration,
  sizes: Sizes,
  report: Report,
  known?: ReadonlySet<string>,
  data?: Data,
): FeatureModel | undefined {
  const { body, name, parameters } = declaration
  const hint = (other: string): string | undefined =>
    known?.has(other) === true
      ? `a feature is built from functions and operators; write out what \`${other}\` is`
      : undefined
  const scope =
    data === undefined
      ? featureScope(
          parameters.map(({ text }) => text),
          sizes,
          hint,
        )
      : inPlaceScope(parameters.length === 2, sizes, data, hint)
  const projected = parameters.length === 2
  const blocks = (side: Blocks): readonly Expression[] | undefined =>
    elaborateBlocks(side, projected, scope, report)
  const query = blocks(body.kind === 'shared' ? body.body : body.query)
  const key = body.kind === 'shared' ? query : blocks(body.key)
  if (query === undefined || key === undefined) return undefined
  const told = (count = 0): string => inTermsOfDim(String(count), sizes.standIn)
  const [features, keyFeatures] = [query, key].map((side) => countFeatures(side, sizes.projections))
  if (query.length !== key.length) report(messages.blockCounts(body.span, query.length, key.length))
  else if (features !== keyFeatures)
    report(messages.featureCounts(body.span, told(features), told(keyFeatures)))
  else {
    if (!sizes.standIn) checkScales(body, query, key, report)
    return { name: name.text, projected, query, key, features: features ?? 0 }
  }
  return undefined
}

/** A block that is 0 on a device, or a product of query and key that is. */
function checkScales(
  body: FeatureDeclaration['body'],
  query: readonly Expression[],
  key: readonly Expression[],
  report: Report,
): void {
  const products = query.map((block, index) => scaleOf(block) * scaleOf(key[index] ?? block))
  const written = body.kind === 'shared' ? [body.body] : [body.query, body.key]
  const found = written.flatMap(({ items }, side) =>
    items.map((item, index) => {
      const block = (side === 0 ? query : key)[index]
      return block !== undefined && checkVanishing('this', scaleOf(block), item.span, report)
    }),
  )
  if (!found.includes(true)) checkVanishing('φ(q)·φ(k)', Math.max(...products), body.span, report)
}

function elaborateBlocks(
  blocks: Blocks,
  projected: boolean,
  scope: Scope,
  report: Report,
): readonly Expression[] | undefined {
  const count = blocks.items.length
  if (count > limits.blocks) {
    report(messages.tooManyBlocks(blocks.span, count, limits.blocks))
    return undefined
  }
  const elaborated = blocks.items.map((item) => {
    const block = elaborate(item, scope, report)
    if (block !== undefined && !scope.standIn && !isShortEnough(block, item.span, report)) return undefined
    if (block === undefined || !projected || block.type.kind === 'scalar') return block
    report(messages.projectedBlock(item.span, inTermsOfDim(describeType(block.type), scope.standIn)))
    return undefined
  })
  return elaborated.every((block) => block !== undefined) ? elaborated : undefined
}

/** Blocks × projections, or the sizes of the blocks added. */
const countFeatures = (blocks: readonly Expression[], projections: number | undefined): number =>
  projections === undefined
    ? blocks.reduce((count, { type }) => count + (type.kind === 'vector' ? type.size : 1), 0)
    : blocks.length * projections
