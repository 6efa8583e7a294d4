/** The options of `create` and the seed of `redraw`. */
import type { CreateOptions } from '../attention.ts'
import { AttentionError } from '../errors.ts'
import type { Program, Shape, WeightPlan } from '../program.ts'
import { describe, isFloat32Array, refuseUnknown } from './describe.ts'

const backends: readonly unknown[] = ['webgpu', 'gpujs', 'reference', undefined]

export function checkOptions(program: Program, options: CreateOptions): void {
  const where = `create of ${program.name}`
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${where} takes an object of options, or nothing; it was given ${describe(options)}.`)
  }
  refuseUnknown(where, options, ['device', 'backend', 'projection', 'weights'])
  const { device, backend } = options
  if (!backends.includes(backend)) {
    throw new TypeError(
      `${where}: backend must be 'webgpu', 'gpujs' or 'reference'; it is ${describe(backend)}.`,
    )
  }
  if (device !== undefined && (typeof device !== 'object' || device === null || !('queue' in device))) {
    throw new TypeError(`${where}: device must be a GPUDevice; it is ${describe(device)}. Was it awaited?`)
  }
  checkProjection(where, program, options.projection)
  checkWeights(where, program, options.weights ?? {})
}

function checkProjection(where: string, { projection: law }: Program, projection: unknown): void {
  if (projection === undefined) return
  if (law === undefined)
    throw new TypeError(`${where}: its features are not projected; leave out projection.`)
  if (!isFloat32Array(projection)) {
    throw new TypeError(`${where}: projection must be a Float32Array; it is ${describe(projection)}.`)
  }
  if (projection.length !== law.rows * law.dim) {
    throw new RangeError(
      `${where}: projection needs ${law.rows * law.dim} numbers, projections ${law.rows} × dim ${law.dim}; it has ${projection.length}.`,
    )
  }
  const odd = projection.findIndex((entry) => !Number.isFinite(entry))
  if (odd >= 0)
    throw new RangeError(
      `${where}: projection holds ${projection[odd]} at index ${odd}; expected finite numbers alone.`,
    )
}

function checkWeights(where: string, program: Program, weights: Readonly<Record<string, unknown>>): void {
  const plans = program.weights
  refuseUnknown(
    `${where}: weights`,
    weights,
    plans.map(({ name }) => name),
  )
  for (const plan of plans) {
    const { name, perHead, otherwise } = plan
    const weight = weights[name]
    if (weight === undefined) {
      if (otherwise !== undefined) continue
      throw new AttentionError(
        'weights',
        `${where} needs weights: { ${name} }, a Float32Array of ${numbersOf(plan)}.`,
      )
    }
    if (!isFloat32Array(weight)) {
      throw new TypeError(`${where}: weights.${name} must be a Float32Array; it is ${describe(weight)}.`)
    }
    if (weight.length === 0 || weight.length % perHead !== 0) {
      throw new RangeError(`${where}: weights.${name} needs ${numbersOf(plan)}; it has ${weight.length}.`)
    }
  }
}

const numbersOf = ({ perHead, perKeyRow }: WeightPlan): string =>
  `${perHead} numbers per head${perKeyRow === true ? ' for each key row of the longest call' : ''}`

/** Once the call is known: weights are per query head. */
export function checkWeightSizes(
  { name, perHead, perKeyRow }: WeightPlan,
  have: number,
  { heads, keyLength }: Shape,
): void {
  const all = heads * perHead
  if (perKeyRow === true ? have % all === 0 && have / all >= keyLength : have === all) return
  const need =
    perKeyRow === true ? `${all} numbers for each of at least ${keyLength} key rows` : `${all} numbers`
  throw new RangeError(`With these heads, weights.${name} needs ${need}; create was given ${have}.`)
}

export function checkSeed(where: string, seed: unknown): void {
  if (typeof seed !== 'number')
    throw new TypeError(`${where}: the seed must be a number; it is ${describe(seed)}.`)
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`${where}: the seed must be an integer from 0; it is ${seed}.`)
  }
}
