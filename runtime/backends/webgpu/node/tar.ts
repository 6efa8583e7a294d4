const BLOCK = 512

/**
 * The regular files of an uncompressed ustar archive by name. Names above 100 bytes (the header's prefix field
 * and its extensions) are not put together: a file with such a name comes under its last part.
 */
export function readTar(archive: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  const text = (start: number, length: number): string =>
    new TextDecoder().decode(archive.subarray(start, start + length)).replace(/\0.*$/s, '')
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0;) {
    const name = text(at, 100)
    const size = Number.parseInt(text(at + 124, 12), 8)
    const kind = text(at + 156, 1)
    const start = at + BLOCK
    if (!Number.isSafeInteger(size) || start + size > archive.length)
      throw new Error(`the archive is cut short or damaged at ${JSON.stringify(name)}`)
    if (kind === '0' || kind === '') files.set(name, archive.subarray(start, start + size))
    at = start + Math.ceil(size / BLOCK) * BLOCK
  }
  return files
}
