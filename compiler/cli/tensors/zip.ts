/**
 * Zip archives, entry by entry: nothing is inflated that nobody reads, nothing
 * beyond the size that is declared, and checksums are held to. Format: PKWARE's
 * APPNOTE.TXT, with its 64-bit extension, which NumPy uses for large files.
 */
import { constants, crc32, inflateRawSync } from 'node:zlib'
import { TensorFileError } from './tensor.ts'

export interface ZipEntry {
  readonly name: string
  /** Bytes, once inflated, as the archive declares them. */
  readonly size: number
  /** As many bytes of its beginning as can be had cheaply. */
  readonly beginning: () => Uint8Array
  /** All of it, of the declared size and checksum. */
  readonly content: () => Uint8Array
}

/** In the order of the archive's directory. */
export function zipEntries(bytes: Uint8Array): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    const { count, start } = directoryOf(view)
    const entries: ZipEntry[] = []
    let position = start
    for (let index = 0; index < count; index++) {
      const record = recordAt(bytes, view, position)
      entries.push(entryOf(bytes, view, record))
      position = record.end
    }
    return entries
  } catch (error) {
    // The view refuses to read beyond its end.
    throw error instanceof RangeError ? notZip('it is cut short') : error
  }
}

const notZip = (why: string): TensorFileError =>
  new TensorFileError(`is not a readable .npz (zip) file: ${why}`)

const signatures = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator: 0x07064b50,
}
/** What stands for a number that is in the 64-bit extension. */
const elsewhere = 0xffffffff

function directoryOf(view: DataView): { readonly count: number; readonly start: number } {
  // The record at the end is followed by a comment of at most 65,535 bytes.
  const last = view.byteLength - 22
  let end = last
  while (end >= 0 && end >= last - 65_535 && view.getUint32(end, true) !== signatures.end) end--
  if (end < 0 || view.getUint32(end, true) !== signatures.end) throw notZip('it has no directory at its end')
  const count = view.getUint16(end + 10, true)
  const start = view.getUint32(end + 16, true)
  if (count !== 0xffff && start !== elsewhere) return { count, start }
  if (view.getUint32(end - 20, true) !== signatures.locator) return { count, start }
  const end64 = bigAt(view, end - 12)
  if (view.getUint32(end64, true) !== signatures.end64) throw notZip('its 64-bit directory is missing')
  return { count: bigAt(view, end64 + 32), start: bigAt(view, end64 + 48) }
}

interface Record {
  readonly name: string
  readonly encrypted: boolean
  readonly method: number
  readonly checksum: number
  readonly packed: number
  readonly size: number
  readonly offset: number
  /** Of the record itself. */
  readonly end: number
}

function recordAt(bytes: Uint8Array, view: DataView, position: number): Record {
  const short = (at: number): number => view.getUint16(position + at, true)
  const long = (at: number): number => view.getUint32(position + at, true)
  if (long(0) !== signatures.central) throw notZip('its directory is broken')
  const nameEnd = position + 46 + short(28)
  const extraEnd = nameEnd + short(30)
  const end = extraEnd + short(32)
  if (end > bytes.length) throw notZip('its directory is cut short')
  const [size, packed, offset] = wide(view, nameEnd, extraEnd, [long(24), long(20), long(42)])
  return {
    name: new TextDecoder().decode(bytes.subarray(position + 46, nameEnd)),
    encrypted: (short(8) & 1) === 1,
    method: short(10),
    checksum: long(16),
    size,
    packed,
    offset,
    end,
  }
}

/** Numbers that need 64 bits stand in a field of their own, in this order and only those. */
function wide(
  view: DataView,
  from: number,
  to: number,
  numbers: [number, number, number],
): [number, number, number] {
  for (let position = from; position + 4 <= to; position += 4 + view.getUint16(position + 2, true)) {
    if (view.getUint16(position, true) !== 1) continue
    let next = position + 4
    return numbers.map((number) => {
      if (number !== elsewhere) return number
      next += 8
      return bigAt(view, next - 8)
    }) as [number, number, number]
  }
  return numbers
}

function entryOf(bytes: Uint8Array, view: DataView, record: Record): ZipEntry {
  const { name, method, size, packed, checksum } = record
  const data = (): Uint8Array => {
    if (record.encrypted) throw new TensorFileError('is encrypted')
    if (method !== 0 && method !== 8)
      throw new TensorFileError(`is packed by method ${method}; expected 0 (stored) or 8 (deflated)`)
    if (record.offset + 30 > bytes.length || view.getUint32(record.offset, true) !== signatures.local)
      throw new TensorFileError('is not where the directory of the zip file says')
    const start =
      record.offset + 30 + view.getUint16(record.offset + 26, true) + view.getUint16(record.offset + 28, true)
    if (start + packed > bytes.length) throw new TensorFileError('is cut short')
    return bytes.subarray(start, start + packed)
  }
  return {
    name,
    size,
    beginning: () => (method === 0 ? data() : inflated(data().subarray(0, 16_384), true)),
    content: () => {
      const content = method === 0 ? data() : inflated(data(), false, size)
      if (content.length !== size)
        throw new TensorFileError(`has ${content.length} bytes, and the zip file declares ${size}`)
      if (crc32(content) !== checksum) throw new TensorFileError('is damaged: its checksum is another')
      return content
    },
  }
}

/** @param partial whether the packed bytes may stop anywhere */
function inflated(packed: Uint8Array, partial: boolean, most?: number): Uint8Array {
  try {
    return inflateRawSync(packed, {
      ...(partial && { finishFlush: constants.Z_SYNC_FLUSH }),
      // The library refuses a most of 0.
      ...(most !== undefined && { maxOutputLength: Math.max(1, most) }),
    })
  } catch (error) {
    throw new TensorFileError(`cannot be inflated: ${(error as Error).message}`)
  }
}

function bigAt(view: DataView, position: number): number {
  const value = Number(view.getBigUint64(position, true))
  if (!Number.isSafeInteger(value)) throw notZip('a number in it is impossible')
  return value
}
