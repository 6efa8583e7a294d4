/** How many rows of each batch item count: the optional lengths of a call. */
import { describe, isBuffer } from './describe.ts'
import type { CallSizes } from './sizes.ts'
import type { GPUBuffer } from '../contract/web-gpu.ts'
import type { UnsharedUint32Array } from '../contract/unshared.ts'

export type CheckedLengths = UnsharedUint32Array | GPUBuffer | undefined

/** By name, and beside each the size that none may pass. */
export const lengthNames = { lengths: 'keyLength', queryLengths: 'length' } as const

export type LengthsName = keyof typeof lengthNames

/** Buffers of the role `lengths`, with the field of the shape that each item has where nothing is given. */
export const countFields = { lengths: 'capacity', queryLengths: 'length', positions: 'offset' } as const

export type CountName = keyof typeof countFields

export function checkLengths(
  where: string,
  given: Readonly<Record<string, unknown>>,
  name: LengthsName,
  sizes: CallSizes,
  buffersAllowed: boolean,
): CheckedLengths {
  const { [name]: lengths } = given
  if (lengths === undefined) return undefined
  const { batch } = sizes
  if (isBuffer(lengths) && buffersAllowed) {
    if (lengths.size >= batch * 4) return lengths
    throw new RangeError(
      `${where}: ${name} needs ${batch * 4} bytes, u32 per batch item; the buffer has ${lengths.size}.`,
    )
  }
  if (!isNumbers(lengths)) {
    throw new TypeError(
      `${where}: ${name} must be an array of ${batch} numbers, or a GPUBuffer where the tensors are; it is ${describe(lengths)}.`,
    )
  }
  if (lengths.length !== batch) {
    throw new RangeError(
      `${where}: ${name} needs one number per batch item, ${batch}; it has ${lengths.length}.`,
    )
  }
  const most = lengthNames[name]
  return Uint32Array.from({ length: batch }, (_, item) => {
    const value = lengths[item]
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= sizes[most])
      return value
    throw new RangeError(
      `${where}: ${name}[${item}] must be an integer from 0 to ${most} ${sizes[most]}; it is ${describe(value)}.`,
    )
  })
}

const isNumbers = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value)
