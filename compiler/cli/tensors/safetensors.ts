/**
 * The safetensors format: the length of a header as a little-endian u64, the
 * header (JSON: name → dtype, shape, data_offsets), then all entries.
 */
import { naming, readAsked } from './asked.ts'
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
  requireBytes,
  uint16,
  uint32,
  uint64,
  uint8,
} from './element.ts'
import { repeatedMember } from './json-members.ts'
import { type LoadedTensor, type Tensor, TensorFileError, UnreadableType } from './tensor.ts'

const elements: ReadonlyMap<string, ElementType> = new Map([
  ['F16', float16],
  ['BF16', bfloat16],
  ['F32', float32],
  ['F64', float64],
  ['I8', int8],
  ['U8', uint8],
  ['I16', int16],
  ['U16', uint16],
  ['I32', int32],
  ['U32', uint32],
  ['I64', int64],
  ['U64', uint64],
])
/** The format's other types, of which only the size is of interest. */
const unread: ReadonlyMap<string, number> = new Map([
  ['BOOL', 1],
  ['F4', 1 / 2],
  ['F6_E2M3', 3 / 4],
  ['F6_E3M2', 3 / 4],
  ['F8_E4M3', 1],
  ['F8_E5M2', 1],
  ['F8_E8M0', 1],
  ['C64', 8],
])

/** A name that is none of an array's. */
export const reservedName = '__metadata__'

/** See `readAsked`. The header is held to the format for all arrays, whoever is asked for. */
export function readSafetensors(
  bytes: Uint8Array,
  asked?: readonly string[],
  passOver?: (name: string) => void,
): Map<string, LoadedTensor> {
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
  const entries = Object.entries(header)
    .filter(([name]) => name !== reservedName)
    .map(([name, entry]) => entryOf(name, entry))
  requireCover(entries, body.length)
  const found = new Map(entries.map((entry) => [entry.name, () => readEntry(entry, body)]))
  return readAsked(found, asked, passOver)
}

export function writeSafetensors(arrays: ReadonlyMap<string, Tensor>): Uint8Array {
  const members: string[] = []
  let offset = 0
  for (const [name, { shape, data }] of arrays) {
    const end = offset + data.length * 4
    // Member by member: an object would lose one that is called `__proto__`.
    members.push(
      `${JSON.stringify(name)}:${JSON.stringify({ dtype: 'F32', shape, data_offsets: [offset, end] })}`,
    )
    offset = end
  }
  const text = new TextEncoder().encode(`{${members.join(',')}}`)
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

const notOne = (why: string): TensorFileError =>
  new TensorFileError(`is not a .safetensors file: its header ${why}`)

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  if (bytes[0] !== 0x7b) throw notOne('does not begin with {')
  let header: unknown
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    header = JSON.parse(text)
  } catch {
    throw notOne('is not JSON')
  }
  if (!isRecord(header)) throw notOne('is not a JSON object')
  const repeated = repeatedMember(text)
  if (repeated !== undefined) throw new TensorFileError(`: its header has ${repeated} twice`)
  const metadata = Object.hasOwn(header, reservedName) ? header[reservedName] : {}
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string'))
    throw new TensorFileError(`: its ${reservedName} is not an object of strings`)
  return header
}

interface Entry {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly from: number
  readonly to: number
}

function entryOf(name: string, entry: unknown): Entry {
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {}
  if (typeof dtype !== 'string' || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
    throw new TensorFileError(`: the array ${name} lacks a proper dtype, shape or data_offsets`)
  }
  const [from = 0, to = 0] = offsets
  if (from > to) throw new TensorFileError(`: the array ${name} begins at byte ${from} and ends at ${to}`)
  const bytes = elements.get(dtype)?.bytes ?? unread.get(dtype)
  if (bytes !== undefined) naming(name, () => requireBytes(to - from, shape, { name: dtype, bytes }))
  return { name, dtype, shape, from, to }
}

/** Every byte belongs to one array: none to two, and none to nobody. */
function requireCover(entries: readonly Entry[], length: number): void {
  const ordered = entries.toSorted((left, right) => left.from - right.from || left.to - right.to)
  let end = 0
  let before = ''
  for (const { name, from, to } of ordered) {
    if (to > length) {
      throw new TensorFileError(
        `is cut short: the array ${name} takes bytes ${from} to ${to} of ${length} that are there`,
      )
    }
    if (from < end)
      throw new TensorFileError(`: the arrays ${before} and ${name} overlap from byte ${from} on`)
    if (from > end) throw new TensorFileError(`: bytes ${end} to ${from} belong to no array`)
    end = to
    before = name
  }
  if (end < length) throw new TensorFileError(`: bytes ${end} to ${length} belong to no array`)
}

function readEntry({ name, dtype, shape, from, to }: Entry, body: Uint8Array): LoadedTensor {
  const type = elements.get(dtype)
  if (type === undefined)
    throw new UnreadableType(
      `: the array ${name} holds entries of type ${dtype}; expected F32, F16, BF16 or F64`,
    )
  return {
    shape,
    data: naming(name, () => decode(body.subarray(from, to), shape, type, true)),
    element: dtype,
    integer: type.integer,
    notes: type.integer || type === float32 ? [] : [`converted from ${type.name}`],
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0)
}
