/** The optional key lengths of a call, one per batch item. */
import { describe, isBuffer } from './describe.ts'
import type { CallSizes } from './sizes.ts'

export function checkLengths(
  where: string,
  lengths: unknown,
  sizes: CallSizes,
  buffersAllowed: boolean,
): Uint32Array<ArrayBuffer> | GPUBuffer | undefined {
  if (lengths === undefined) return undefined
  const { batch, keyLength } = sizes
  if (isBuffer(lengths) && buffersAllowed) {
    if (lengths.size >= batch * 4) return lengths
    throw new RangeError(
      `${where}: lengths needs ${batch * 4} bytes, u32 per batch item; the buffer has ${lengths.size}.`,
    )
  }
  if (!isNumbers(lengths)) {
    throw new TypeError(
      `${where}: lengths must be an array of ${batch} numbers, or a GPUBuffer where the tensors are; it is ${describe(lengths)}.`,
    )
  }
  if (lengths.length !== batch) {
    throw new RangeError(
      `${where}: lengths needs one number per batch item, ${batch}; it has ${lengths.length}.`,
    )
  }
  return Uint32Array.from({ length: batch }, (_, item) => {
    const value = lengths[item]
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= keyLength) return value
    throw new RangeError(
      `${where}: lengths[${item}] must be an integer from 0 to keyLength ${keyLength}; it is ${describe(value)}.`,
    )
  })
}

const isNumbers = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value)
