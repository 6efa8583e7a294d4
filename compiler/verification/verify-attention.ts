/** One attention against all properties, on one platform. */
import { weighsPairs } from '../algebra/facts.ts'
import { fromModel } from '../algebra/build.ts'
import type { AttentionModel } from '../semantics/model.ts'
import { uncompiled } from '../uncompiled.ts'
import { rowsOf } from './cases/case.ts'
import { weightsOf } from './cases/weights.ts'
import type { Platform, Storage } from './execution/executor.ts'
import { properties } from './properties/properties.ts'
import type { Effort, Property, Subject } from './properties/property.ts'
import { tooFewProjections } from './quality.ts'
import type { AttentionReport, PropertyName, PropertyResult } from './report.ts'

export interface AttentionOptions extends Effort {
  /** Of tensors; f32 where it is not given. */
  readonly storage?: Storage | undefined
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
  const beyond = uncompiled(model)
  if (beyond !== undefined)
    return skipped(model, platform, wanted, `attention with ${beyond} is not verified yet`)
  options.say(`${model.name}: making kernels`)
  const subject = await subjectOf(model, platform, options.storage ?? 'f32')
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
  const warning = options.property === undefined ? tooFewProjections(model) : undefined
  return {
    name: model.name,
    backend: platform.backend,
    device: platform.device,
    properties: results,
    warnings: warning === undefined ? [] : [warning],
  }
}

const skipped = (
  { name }: AttentionModel,
  { backend, device }: Platform,
  wanted: readonly Property[],
  detail: string,
): AttentionReport => ({
  name,
  backend,
  device,
  properties: wanted.map((property) => ({ name: property.name, status: 'skipped', detail })),
  warnings: [],
})

async function subjectOf(model: AttentionModel, platform: Platform, storage: Storage): Promise<Subject> {
  const { values: weights, heads } = weightsOf(model)
  const executor = await platform.open(model, heads === undefined ? undefined : weights, storage)
  const shared = { model, algebra: fromModel(model), platform, storage, weights, heads, rows: rowsOf(model) }
  if ('unsupported' in executor) return { ...shared, executor: undefined, unsupported: executor.unsupported }
  return { ...shared, executor }
}

/** Where there is no quick bound on rounding, every case is computed twice in float64, which takes long. */
function affordable({ ofKernelsAlone }: Property, { algebra }: Subject, effort: Effort): Effort {
  const quick = ofKernelsAlone ?? weighsPairs(algebra)
  return quick ? effort : { ...effort, runs: Math.ceil(effort.runs / 2) }
}

async function checkOne(property: Property, subject: Subject, effort: Effort): Promise<PropertyResult> {
  const { name, inapplicable, onDevice, check } = property
  const reason =
    inapplicable?.(subject) ??
    (onDevice && subject.unsupported !== undefined
      ? `${subject.platform.backend} has no kernels for ${subject.unsupported} yet`
      : undefined)
  if (reason !== undefined) return { name, status: 'skipped', detail: reason }
  const { status, detail, counterexample } = await check(subject, affordable(property, subject, effort))
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
