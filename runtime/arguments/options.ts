/** The options of `create` but for its tensors, the sizes of weights in a call, and the seed of `redraw`. */
import type { CreateOptions } from '../attention.ts'
import { backendNames } from '../contract/backends.ts'
import type { Program, WeightPlan } from '../program.ts'
import type { Shape } from '../contract/shape.ts'
import { describe, refuseUnknown } from './describe.ts'

export function checkOptions(program: Program, options: CreateOptions): void {
  const where = `create of ${program.name}`
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${where} takes an object of options, or nothing; it was given ${describe(options)}.`)
  }
  refuseUnknown(where, options, ['device', 'backend', 'threads', 'projection', 'weights'])
  const { device, backend, threads } = options
  if (backend !== undefined && !backendNames.includes(backend)) {
    throw new TypeError(
      `${where}: backend must be one of '${backendNames.join("', '")}'; it is ${describe(backend)}.`,
    )
  }
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1)) {
    throw new (typeof threads === 'number' ? RangeError : TypeError)(
      `${where}: threads must be a positive integer; it is ${describe(threads)}.`,
    )
  }
  if (device !== undefined && (typeof device !== 'object' || device === null || !('queue' in device))) {
    throw new TypeError(`${where}: device must be a GPUDevice; it is ${describe(device)}. Was it awaited?`)
  }
}

/** Once the call is known: weights are per query head. */
export function checkWeightSizes(
  { name, perHead, perKeyRow }: WeightPlan,
  have: number,
  { heads, keyLength }: Pick<Shape, 'heads' | 'keyLength'>,
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
