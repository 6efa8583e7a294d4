/** The options of `create` but for its tensors; loaded where any are given. */
import type { Attention, CreateOptions } from '../attention.ts'
import type { Open, OpenOn } from '../backends/backend.ts'
import { backendNames } from '../contract/backends.ts'
import type { Program } from '../program.ts'
import { describe, refuseUnknown } from './describe.ts'

/**
 * Checks what is given to `create`.
 *
 * @returns what opens an attention whose tensors are stored as they are asked to be; undefined for f32
 * @throws TypeError, RangeError for options that are not what they should be
 */
export function checkOptions(
  program: Program,
  options: CreateOptions,
): ((openOn: OpenOn, open: Open | undefined) => Promise<Attention>) | undefined {
  const where = `create of ${program.name}`
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${where} takes an object of options, or nothing; it was given ${describe(options)}.`)
  }
  refuseUnknown(where, options, ['device', 'backend', 'threads', 'storage', 'state', 'projection', 'weights'])
  const { device, backend, threads, storage, state } = options
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
  if (storage !== undefined && storage !== 'f32' && storage !== 'f16') {
    throw new TypeError(`${where}: storage must be 'f32' or 'f16'; it is ${describe(storage)}.`)
  }
  if (state !== undefined && state !== 'f32' && state !== 'f16') {
    throw new TypeError(`${where}: state must be 'f32' or 'f16'; it is ${describe(state)}.`)
  }
  if (state === 'f16' && storage !== 'f16') {
    throw new TypeError(
      `${where}: state 'f16' goes with storage 'f16'; the storage is ${describe(storage ?? 'f32')}. Give both, or neither.`,
    )
  }
  if (device !== undefined && (typeof device !== 'object' || device === null || !('queue' in device))) {
    throw new TypeError(`${where}: device must be a GPUDevice; it is ${describe(device)}. Was it awaited?`)
  }
  if (storage !== 'f16') return undefined
  return async (openOn, open) =>
    (await import('../storage/index.ts')).onHalves(program, options, openOn, open)
}
