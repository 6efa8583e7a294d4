/** One attention: its settings read, held against each other, and put together as a model. */
import type { AttentionDeclaration } from '../syntax/ast.ts'
import { checkTogether } from './compatibility.ts'
import type { Feature } from './feature.ts'
import type { AttentionModel, Evaluation } from './model.ts'
import { soundly } from './report.ts'
import type { Report } from './report.ts'
import type { Sizes } from './scope.ts'
import { collectSettings } from './settings.ts'
import type { Settings } from './settings.ts'
import { standInSize } from './sizes.ts'
import type { Context } from './settings/context.ts'
import { readBuckets } from './settings/buckets.ts'
import { readCompress } from './settings/compress.ts'
import { readDecay } from './settings/decay.ts'
import { chooseFeature, modelFeature } from './settings/feature-choice.ts'
import { readKernel } from './settings/kernel.ts'
import { readLandmarks } from './settings/landmarks.ts'
import { readMask } from './settings/mask.ts'
import { readEpsilon, readNormalize, readStabilize } from './settings/normalization.ts'
import { readProjections } from './settings/projections.ts'
import { readDim, readScale, readValueDim } from './settings/sizes.ts'

/** The model, if nothing is wrong with the declaration. */
export function checkAttention(
  declaration: AttentionDeclaration,
  features: ReadonlyMap<string, Feature>,
  report: Report,
): AttentionModel | undefined {
  let model: AttentionModel | undefined
  const sound = soundly(report, (report) => {
    model = read(declaration, features, report)
  })
  return sound && declaration.incomplete !== true ? model : undefined
}

function read(
  declaration: AttentionDeclaration,
  features: ReadonlyMap<string, Feature>,
  report: Report,
): AttentionModel | undefined {
  const settings = collectSettings(declaration, report)
  const dim = readDim(declaration, settings, report)
  const plain: Sizes = { dim: dim ?? standInSize, standIn: dim === undefined }
  const projections = readProjections(settings, plain, report)
  // A feature or a kernel may speak of m wherever `projections` is set, even wrongly.
  const projected = settings.has('projections')
  const sizes: Sizes = {
    dim: plain.dim,
    projections: projected ? (projections?.count ?? standInSize) : undefined,
    standIn: plain.standIn || (projected && projections === undefined),
  }
  const context: Context = { settings, sizes, features, report }
  const valueDim = readValueDim(context)
  const scale = readScale(context)
  const kernel = readKernel(context)
  const chosen = chooseFeature(context)
  const feature = chosen && modelFeature(chosen, featureSizes(sizes, chosen), context)
  const landmarks = readLandmarks(context)
  const compress = readCompress(context)
  const buckets = readBuckets(context)
  const mask = readMask(context)
  const decay = readDecay(context)
  const normalize = readNormalize(context)
  const epsilon = readEpsilon(context)
  const stabilize = readStabilize(context)
  checkTogether({ declaration, settings, feature: chosen, mask, normalize, epsilon, stabilize }, report)
  if (dim === undefined || valueDim === undefined || scale === undefined || mask === undefined)
    return undefined
  if (chosen !== undefined && feature === undefined) return undefined
  return {
    name: declaration.name.text,
    span: declaration.span,
    evaluation: evaluationOf(settings),
    dim,
    valueDim,
    scale,
    ...(kernel && { kernel }),
    ...(feature && { feature }),
    ...(projections && { projections }),
    ...(landmarks && { landmarks }),
    ...(compress && { compress }),
    ...(buckets && { buckets }),
    mask,
    ...(decay && { decay }),
    normalize,
    epsilon,
    stabilize,
  }
}

/** What an attention gives its feature: m only if the feature is projected. */
function featureSizes(sizes: Sizes, { projected }: Feature): Sizes {
  if (!projected) return { dim: sizes.dim, standIn: sizes.standIn }
  return {
    ...sizes,
    projections: sizes.projections ?? standInSize,
    standIn: sizes.standIn || sizes.projections === undefined,
  }
}

function evaluationOf(settings: Settings): Evaluation {
  if (settings.has('landmarks')) return 'landmarks'
  if (settings.has('compress')) return 'compressed'
  if (settings.has('buckets')) return 'bucketed'
  return settings.has('feature') ? 'factorised' : 'exact'
}
