// The npm package @sparticuz/chromium: a browser and the software device SwiftShader, each in packed archives.
import { builtin } from '../../../node/builtin.ts'
import { resolvePackage } from '../../../node/packages.ts'

const PACKAGE = '@sparticuz/chromium'

/** The package as it was found. */
export interface ChromiumPackage {
  /** The folder of its archives. */
  readonly archives: string
  readonly version: string
}

/**
 * @param what the part that is wanted, as messages name it
 * @param archive a file that holds it
 * @throws Error whose message says what is missing and how to get it
 */
export async function findChromiumPackage(what: string, archive: string): Promise<ChromiumPackage> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(
      `${what} comes from npm for Linux on x64 only, and this is ${process.platform} on ${process.arch}`,
    )
  const fs = builtin('node:fs/promises')
  const path = builtin('node:path')
  const main = resolvePackage(PACKAGE)
  if (main === undefined)
    throw new Error(
      `${what} is part of the package ${PACKAGE}, which is not installed: npm install ${PACKAGE}`,
    )
  // The package exports neither its package.json nor its archives, so both are looked for above its main file.
  for (
    let directory = path.dirname(main);
    directory !== path.dirname(directory);
    directory = path.dirname(directory)
  ) {
    const archives = path.join(directory, 'bin')
    try {
      await fs.access(path.join(archives, archive))
      const { version } = JSON.parse(await fs.readFile(path.join(directory, 'package.json'), 'utf8')) as {
        version: string
      }
      return { archives, version }
    } catch {
      continue
    }
  }
  throw new Error(`${what} is not where ${PACKAGE} 147 keeps it (bin/${archive}): npm install ${PACKAGE}@147`)
}

/** The contents of one of its files, which are all packed with Brotli. */
export async function readArchive({ archives }: ChromiumPackage, archive: string): Promise<Uint8Array> {
  const decompress = builtin('node:util').promisify(builtin('node:zlib').brotliDecompress)
  const packed = await builtin('node:fs/promises').readFile(builtin('node:path').join(archives, archive))
  return decompress(packed)
}
