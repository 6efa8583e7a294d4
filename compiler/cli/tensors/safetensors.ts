/**
 * The safetensors format: the length of a header as a little-endian u64, the
 * header (JSON: name → dtype, shape, data_offsets), then all entries.
 */
import {
  bfloat16,
  decode,
  encode,
  type ElementType,
  float16,
  float32,
  float64,
  int16,
  int32,
  int64,
  int8,
  uint16,
  uint32,
  uint64,
  uint8,
} from './element.ts'
import { type LoadedTensor, sizeOf, type Tensor, TensorFileError } from './tensor.ts'

const elements: Readonly<Record<string, ElementType>> = {
  F16: float16,
  BF16: bfloat16,
  F32: float32,
  F64: float64,
  I8: int8,
  U8: uint8,
  I16: int16,
  U16: uint16,
  I32: int32,
  U32: uint32,
  I64: int64,
  U64: uint64,
}

/** Arrays of other types (booleans, 8-bit floats) are passed over, but for those that are `asked` for. */
export function readSafetensors(bytes: Uint8Array, asked: readonly string[] = []): Map<string, LoadedTensor> {
  if (bytes.length < 8) throw new TensorFileError('is not a .safetensors file: it is shorter than 8 bytes')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const headerLength = Number(view.getBigUint64(0, true))
  if (headerLength > bytes.length - 8) {
    throw new TensorFileError(
      `is cut short, or is no .safetensors file: its header should have ${headerLength} bytes, and the file has ${bytes.length}`,
    )
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerLength))
  const body = bytes.subarray(8 + headerLength)
  const arrays = new Map<string, LoadedTensor>()
  for (const [name, entry] of Object.entries(header)) {
    if (name !== '__metadata__') {
      const tensor = readEntry(name, entry, body)
      if ('unread' in tensor) refuseIfAsked(name, tensor.unread, asked)
      else arrays.set(name, tensor)
    }
  }
  return arrays
}

export function writeSafetensors(arrays: ReadonlyMap<string, Tensor>): Uint8Array {
  const header: Record<string, unknown> = {}
  let offset = 0
  for (const [name, { shape, data }] of arrays) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.length * 4] }
    offset += data.length * 4
  }
  const text = new TextEncoder().encode(JSON.stringify(header))
  const headerLength = Math.ceil(text.length / 8) * 8
  const bytes = new Uint8Array(8 + headerLength + offset).fill(0x20, 8, 8 + headerLength)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true)
  bytes.set(text, 8)
  let position = 8 + headerLength
  for (const { data } of arrays.values()) {
    bytes.set(encode(data), position)
    position += data.length * 4
  }
  return bytes
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new TensorFileError('is not a .safetensors file: its header is not JSON')
  }
  if (!isRecord(header))
    throw new TensorFileError('is not a .safetensors file: its header is not a JSON object')
  return header
}

/** An array of a type that is not read. */
interface Unread {
  readonly unread: string
}

function refuseIfAsked(name: string, dtype: string, asked: readonly string[]): void {
  if (!asked.includes(name)) return
  throw new TensorFileError(
    `: the array ${name} holds entries of type ${dtype}; expected F32, F16, BF16 or F64`,
  )
}

function readEntry(name: string, entry: unknown, body: Uint8Array): LoadedTensor | Unread {
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {}
  if (typeof dtype !== 'string' || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
    throw new TensorFileError(`: the array ${name} lacks a proper dtype, shape or data_offsets`)
  }
  const [from = 0, to = 0] = offsets
  if (from > to || to > body.length || !Number.isSafeInteger(sizeOf(shape) * 8)) {
    throw new TensorFileError(
      `is cut short: the array ${name} takes bytes ${from} to ${to} of ${body.length} that are there`,
    )
  }
  const type = elements[dtype]
  if (type === undefined) return { unread: dtype }
  try {
    return {
      shape,
      data: decode(body.subarray(from, to), shape, type, true),
      element: dtype,
      integer: type.integer,
      notes: type.integer || type === float32 ? [] : [`converted from ${type.name}`],
    }
  } catch (error) {
    if (error instanceof TensorFileError) throw new TensorFileError(`: the array ${name} ${error.message}`)
    throw error
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0)
}
