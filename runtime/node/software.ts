// SwiftShader, a Vulkan device in software, comes inside the npm package @sparticuz/chromium, packed. It is
// unpacked once per version and user, into the directory for temporary files.
import { builtin } from './builtin.ts'
import { resolvePackage } from './packages.ts'
import { readTar } from './tar.ts'

/** Where SwiftShader lies. */
export interface SoftwareDriver {
  /** The file that names the driver to the Vulkan loader (its ICD manifest). */
  readonly manifest: string
  /** A Vulkan loader, `libvulkan.so.1`, for systems that have none. */
  readonly loader: string
}

const PACKAGE = '@sparticuz/chromium'
const ARCHIVE = 'bin/swiftshader.tar.br'
const MANIFEST = 'vk_swiftshader_icd.json'
const LOADER = 'libvulkan.so.1'
const FILES = [MANIFEST, LOADER, 'libvk_swiftshader.so']

/**
 * Finds SwiftShader, unpacking it on the first use.
 *
 * @throws Error whose message says what is missing and how to get it
 */
export async function softwareDriver(): Promise<SoftwareDriver> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(
      `SwiftShader comes from npm for Linux on x64 only, and this is ${process.platform} on ${process.arch}`,
    )
  const directory = await unpacked(await findPackage())
  const path = builtin('node:path')
  return { manifest: path.join(directory, MANIFEST), loader: path.join(directory, LOADER) }
}

interface FoundPackage {
  readonly archive: string
  readonly version: string
}

async function findPackage(): Promise<FoundPackage> {
  const fs = builtin('node:fs/promises')
  const path = builtin('node:path')
  const main = resolvePackage(PACKAGE)
  if (main === undefined)
    throw new Error(
      `SwiftShader is part of the package ${PACKAGE}, which is not installed: npm install ${PACKAGE}`,
    )
  // The package exports neither its package.json nor its archives, so both are looked for above its main file.
  for (
    let directory = path.dirname(main);
    directory !== path.dirname(directory);
    directory = path.dirname(directory)
  ) {
    const archive = path.join(directory, ARCHIVE)
    try {
      await fs.access(archive)
      const { version } = JSON.parse(await fs.readFile(path.join(directory, 'package.json'), 'utf8')) as {
        version: string
      }
      return { archive, version }
    } catch {
      continue
    }
  }
  throw new Error(`SwiftShader is not where ${PACKAGE} 147 keeps it (${ARCHIVE}): npm install ${PACKAGE}@147`)
}

/** The directory that holds the unpacked files, filled by this process if by none before. */
async function unpacked({ archive, version }: FoundPackage): Promise<string> {
  const fs = builtin('node:fs/promises')
  const path = builtin('node:path')
  const shared = path.join(builtin('node:os').tmpdir(), `attnc-swiftshader-${version}-${user()}`)
  if (await isComplete(shared)) return shared

  // Filled under another name and then renamed, so that no other process sees half of it.
  const own = await fs.mkdtemp(`${shared}-`)
  try {
    await unpackInto(own, archive)
  } catch (error) {
    await fs.rm(own, { recursive: true, force: true })
    throw error
  }
  if (await moved(own, shared)) return shared
  if (!(await isComplete(shared)) && (await isPrivate(shared))) {
    // What a cleaner of temporary files left of a directory of this user's.
    await fs.rm(shared, { recursive: true, force: true })
    if (await moved(own, shared)) return shared
  }
  if (await isComplete(shared)) {
    // Another process was faster.
    await fs.rm(own, { recursive: true, force: true })
    return shared
  }
  // The name is taken by someone whose files are not to be trusted.
  process.once('exit', () => builtin('node:fs').rmSync(own, { recursive: true, force: true }))
  return own
}

/** Renames a directory, unless there is a filled one of the new name, or one of another user's. */
async function moved(from: string, to: string): Promise<boolean> {
  return await builtin('node:fs/promises')
    .rename(from, to)
    .then(
      () => true,
      () => false,
    )
}

async function unpackInto(directory: string, archive: string): Promise<void> {
  const fs = builtin('node:fs/promises')
  const path = builtin('node:path')
  const decompress = builtin('node:util').promisify(builtin('node:zlib').brotliDecompress)
  const files = readTar(await decompress(await fs.readFile(archive)))
  for (const name of FILES) {
    const content = files.get(name)
    if (content === undefined)
      throw new Error(`${archive} holds no ${name}, but ${[...files.keys()].join(', ')}`)
    await fs.writeFile(path.join(directory, name), content, { mode: 0o700 })
  }
}

async function isComplete(directory: string): Promise<boolean> {
  if (!(await isPrivate(directory))) return false
  const present = await builtin('node:fs/promises').readdir(directory)
  return FILES.every((name) => present.includes(name))
}

/** The directory's code will run in this process, so nobody else may have been able to write it. */
async function isPrivate(directory: string): Promise<boolean> {
  try {
    const found = await builtin('node:fs/promises').lstat(directory)
    return found.isDirectory() && found.uid === user() && (found.mode & 0o022) === 0
  } catch {
    return false
  }
}

function user(): number {
  return process.getuid?.() ?? 0
}
