/**
 * NumPy's `.npy`: a magic string, a version, the length of a header, the header
 * (a Python dictionary in ASCII, padded with spaces), then the entries.
 * Format: NumPy Enhancement Proposal 1.
 */
import {
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
import { type LoadedTensor, type Tensor, TensorFileError, UnreadableType } from './tensor.ts'

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] // \x93NUMPY

const elements: ReadonlyMap<string, ElementType> = new Map([
  ['f2', float16],
  ['f4', float32],
  ['f8', float64],
  ['i1', int8],
  ['u1', uint8],
  ['i2', int16],
  ['u2', uint16],
  ['i4', int32],
  ['u4', uint32],
  ['i8', int64],
  ['u8', uint64],
])

export function readNpy(bytes: Uint8Array): LoadedTensor {
  const { descr, type, littleEndian, fortran, shape, end } = headerOf(bytes)
  const data = decode(bytes.subarray(end), shape, type, littleEndian)
  const notes: string[] = []
  if (!type.integer && type !== float32) notes.push(`converted from ${type.name}`)
  if (!littleEndian) notes.push('converted from big-endian')
  const transpose = fortran && shape.length > 1
  if (transpose) notes.push('converted from Fortran order')
  return {
    shape,
    data: transpose ? toRowMajor(data, shape) : data,
    element: descr,
    integer: type.integer,
    notes,
  }
}

/** @throws TensorFileError where the header at its beginning speaks of another number of bytes than `size` in all */
export function requireNpySize(beginning: Uint8Array, size: number): void {
  const { end, shape, type } = headerOf(beginning)
  requireBytes(size - end, shape, type)
}

/** Version 1.0, little-endian f32, C order. */
export function writeNpy(tensor: Tensor): Uint8Array {
  const extents = tensor.shape.map((extent) => `${extent},`).join(' ')
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${extents}), }`
  const prefix = magic.length + 4
  // The entries begin at a multiple of 64, as NumPy's own files have it.
  const total = Math.ceil((prefix + dictionary.length + 1) / 64) * 64
  const header = `${dictionary.padEnd(total - prefix - 1)}\n`
  const bytes = new Uint8Array(total + tensor.data.length * 4)
  bytes.set(magic)
  bytes.set([1, 0, header.length & 0xff, header.length >> 8], magic.length)
  bytes.set(new TextEncoder().encode(header), prefix)
  bytes.set(encode(tensor.data), total)
  return bytes
}

interface Header {
  readonly descr: string
  readonly type: ElementType
  readonly littleEndian: boolean
  readonly fortran: boolean
  readonly shape: readonly number[]
  /** Where the entries begin. */
  readonly end: number
}

function headerOf(bytes: Uint8Array): Header {
  const { text, end } = headerText(bytes)
  const { descr, fortran, shape } = parseHeader(text)
  const order = descr.slice(0, 1)
  const type = elements.get(descr.slice(1))
  if (type === undefined || !'<>|='.includes(order)) {
    throw new UnreadableType(
      `holds entries of type '${descr}'; expected float32 ('<f4'), float16 or float64 to convert, or integers as lengths`,
    )
  }
  return { descr, type, littleEndian: order !== '>', fortran, shape, end }
}

function headerText(bytes: Uint8Array): { readonly text: string; readonly end: number } {
  if (!magic.every((byte, index) => bytes[index] === byte)) {
    throw new TensorFileError('is not a .npy file: it does not begin with \\x93NUMPY')
  }
  const major = bytes[6]
  if (major !== 1 && major !== 2 && major !== 3) {
    throw new TensorFileError(`has .npy version ${major ?? 'missing'}; expected 1, 2 or 3`)
  }
  const lengthBytes = major === 1 ? 2 : 4
  const start = 8 + lengthBytes
  if (bytes.length < start) throw new TensorFileError('is cut short inside its header')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  const end = start + length
  if (bytes.length < end) throw new TensorFileError('is cut short inside its header')
  return { text: new TextDecoder('latin1').decode(bytes.subarray(start, end)), end }
}

function parseHeader(header: string): { descr: string; fortran: boolean; shape: number[] } {
  if (/'descr'\s*:\s*\[/.test(header)) {
    throw new UnreadableType('is a structured array (several fields per entry); expected plain float32')
  }
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1]
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1]
  const extents = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(header)?.[1]
  if (descr === undefined || fortran === undefined || extents === undefined) {
    throw new TensorFileError("has a header without 'descr', 'fortran_order' and 'shape'")
  }
  const shape = extents
    .split(',')
    .map((extent) => extent.trim().replace(/L$/, ''))
    .filter((extent) => extent !== '')
    .map(Number)
  if (!shape.every(Number.isSafeInteger)) throw new TensorFileError(`has the impossible shape (${extents})`)
  return { descr, fortran: fortran === 'True', shape }
}

/** Fortran order runs over the first index fastest; this runs over the last. */
function toRowMajor(data: Float32Array, shape: readonly number[]): Float32Array {
  const strides: number[] = []
  shape.reduce((stride, extent) => (strides.push(stride), stride * extent), 1)
  const out = new Float32Array(data.length)
  const index = shape.map(() => 0)
  for (let target = 0; target < out.length; target++) {
    const source = index.reduce((sum, position, axis) => sum + position * (strides[axis] ?? 0), 0)
    out[target] = data[source] ?? 0
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1
      index[axis] = next === shape[axis] ? 0 : next
      if (next !== shape[axis]) break
    }
  }
  return out
}
