/** The number types that array files hold, each read into a JavaScript number. */
import { shapeText, sizeOf, TensorFileError } from './tensor.ts'

export interface ElementType {
  /** For people: `float64`. */
  readonly name: string
  readonly bytes: number
  readonly integer: boolean
  readonly read: (view: DataView, offset: number, littleEndian: boolean) => number
}

const float = (bytes: 2 | 4 | 8, name: string, read: ElementType['read']): ElementType => ({
  name,
  bytes,
  integer: false,
  read,
})
const integer = (bytes: 1 | 2 | 4 | 8, name: string, read: ElementType['read']): ElementType => ({
  name,
  bytes,
  integer: true,
  read,
})

export const float16 = float(2, 'float16', (view, offset, little) =>
  halfToNumber(view.getUint16(offset, little)),
)
export const bfloat16 = float(2, 'bfloat16', (view, offset, little) =>
  brainToNumber(view.getUint16(offset, little)),
)
export const float32 = float(4, 'float32', (view, offset, little) => view.getFloat32(offset, little))
export const float64 = float(8, 'float64', (view, offset, little) => view.getFloat64(offset, little))
export const int8 = integer(1, 'int8', (view, offset) => view.getInt8(offset))
export const uint8 = integer(1, 'uint8', (view, offset) => view.getUint8(offset))
export const int16 = integer(2, 'int16', (view, offset, little) => view.getInt16(offset, little))
export const uint16 = integer(2, 'uint16', (view, offset, little) => view.getUint16(offset, little))
export const int32 = integer(4, 'int32', (view, offset, little) => view.getInt32(offset, little))
export const uint32 = integer(4, 'uint32', (view, offset, little) => view.getUint32(offset, little))
export const int64 = integer(8, 'int64', (view, offset, little) => Number(view.getBigInt64(offset, little)))
export const uint64 = integer(8, 'uint64', (view, offset, little) =>
  Number(view.getBigUint64(offset, little)),
)

/** @throws TensorFileError where a shape does not come to that many bytes */
export function requireBytes(
  found: number,
  shape: readonly number[],
  { name, bytes }: Pick<ElementType, 'name' | 'bytes'>,
): void {
  const expected = sizeOf(shape) * bytes
  // The product of what comes before a 0 may be beyond all numbers, too.
  if (!Number.isSafeInteger(sizeOf(shape.filter((extent) => extent > 0)) * 8))
    throw new TensorFileError(`has the impossible shape ${shapeText(shape)}`)
  if (found === expected) return
  throw new TensorFileError(
    `${found < expected ? 'is cut short' : 'has bytes left over'}: ${shapeText(shape)} of ${name} takes ${expected} bytes, and ${found} are there`,
  )
}

/** All of `bytes` as f32, after holding its size against the shape. */
export function decode(
  bytes: Uint8Array,
  shape: readonly number[],
  type: ElementType,
  littleEndian: boolean,
): Float32Array {
  requireBytes(bytes.byteLength, shape, type)
  const count = sizeOf(shape)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const data = new Float32Array(count)
  for (let index = 0; index < count; index++) data[index] = type.read(view, index * type.bytes, littleEndian)
  return data
}

/** f32 as little-endian bytes, whatever this machine's own order is. */
export function encode(data: Float32Array): Uint8Array {
  const bytes = new Uint8Array(data.length * 4)
  const view = new DataView(bytes.buffer)
  data.forEach((value, index) => view.setFloat32(index * 4, value, true))
  return bytes
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  if (exponent === 0) return sign * fraction * 2 ** -24
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** bfloat16 is the upper half of an f32. */
function brainToNumber(bits: number): number {
  const view = new DataView(new ArrayBuffer(4))
  view.setUint32(0, bits << 16)
  return view.getFloat32(0)
}
