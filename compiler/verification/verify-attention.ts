/** One attention against all properties, on one platform. */
import { fromModel } from '../algebra/build.ts'
import type { AttentionModel } from '../semantics/model.ts'
import { longestKeys, tensor } from './cases/case.ts'
import type { Platform, Weights } from './execution/executor.ts'
import { properties } from './properties/properties.ts'
import type { Effort, Property, Subject } from './properties/property.ts'
import type { AttentionReport, PropertyName, PropertyResult } from './report.ts'

export interface AttentionOptions extends Effort {
  /** One property alone. */
  readonly property?: PropertyName | undefined
  /** Told each result as soon as it is there. */
  readonly tell?: (result: PropertyResult) => void
}

export async function verifyAttention(
  model: AttentionModel,
  platform: Platform,
  options: AttentionOptions,
): Promise<AttentionReport> {
  const wanted = properties.filter(({ name }) => options.property === undefined || name === options.property)
  options.say(`${model.name}: making kernels`)
  const subject = await subjectOf(model, platform)
  const results: PropertyResult[] = []
  try {
    for (const property of wanted) {
      const say = (step: string): void => options.say(`${model.name}: ${property.name}, ${step}`)
      const result = await checkOne(property, subject, { ...options, say })
      results.push(result)
      options.tell?.(result)
    }
  } finally {
    subject.executor?.destroy()
  }
  return { name: model.name, backend: platform.backend, device: platform.device, properties: results }
}

/** Query heads where run-time weights are per head. */
const headsWithWeights = 2

async function subjectOf(model: AttentionModel, platform: Platform): Promise<Subject> {
  const weights = weightsOf(model)
  const any = Object.keys(weights).length > 0
  const executor = await platform.open(model, any ? weights : undefined)
  const shared = {
    model,
    algebra: fromModel(model),
    platform,
    weights,
    heads: any ? headsWithWeights : undefined,
  }
  if ('unsupported' in executor) return { ...shared, executor: undefined, unsupported: executor.unsupported }
  return { ...shared, executor }
}

/** Landmarks are rows like keys; a filter is a few numbers; pooled rows are about as long as those they are made of. */
function weightsOf({ landmarks, compress, dim, scale }: AttentionModel): Weights {
  if (compress !== undefined) {
    const pooling = (seed: number): Float32Array =>
      tensor(headsWithWeights, compress.count, longestKeys, seed, 1 / Math.sqrt(longestKeys))
    return { compressKeys: pooling(79), compressValues: pooling(80) }
  }
  if (landmarks === undefined) return {}
  const { source, count, conv } = landmarks
  const deviation = 1 / Math.sqrt(dim * scale)
  return {
    ...(source === 'learned' && { landmarks: tensor(headsWithWeights, count, dim, 77, deviation) }),
    ...(conv !== undefined && { conv: tensor(headsWithWeights, 1, conv, 78, 0.3) }),
  }
}

async function checkOne(property: Property, subject: Subject, effort: Effort): Promise<PropertyResult> {
  const { name, inapplicable, onDevice, check } = property
  const reason =
    inapplicable?.(subject) ??
    (onDevice && subject.unsupported !== undefined
      ? `${subject.platform.backend} has no kernels for ${subject.unsupported} yet`
      : undefined)
  if (reason !== undefined) return { name, status: 'skipped', detail: reason }
  const { status, detail, counterexample } = await check(subject, effort)
  if (counterexample === undefined) return { name, status, detail }
  const { path, ...shown } = counterexample
  const { seed, runs } = effort
  return {
    name,
    status,
    detail,
    counterexample: {
      ...shown,
      replay: {
        only: subject.model.name,
        property: name,
        seed,
        runs,
        ...(path === undefined ? {} : { path }),
      },
    },
  }
}
