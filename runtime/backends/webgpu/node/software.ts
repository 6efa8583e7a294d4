// SwiftShader, a Vulkan device in software, comes inside the npm package @sparticuz/chromium, packed. It is
// unpacked once per version and user, into the directory for temporary files.
import { builtin } from '../../../node/builtin.ts'
import { type ChromiumPackage, findChromiumPackage, readArchive } from './chromium-package.ts'
import { readTar } from './tar.ts'
import { unpackedFolder } from './unpacked.ts'

/** Where SwiftShader lies. */
export interface SoftwareDriver {
  /** The file that names the driver to the Vulkan loader (its ICD manifest). */
  readonly manifest: string
  /** A Vulkan loader, `libvulkan.so.1`, for systems that have none. */
  readonly loader: string
}

const ARCHIVE = 'swiftshader.tar.br'
const MANIFEST = 'vk_swiftshader_icd.json'
const LOADER = 'libvulkan.so.1'
const FILES = [MANIFEST, LOADER, 'libvk_swiftshader.so']

/**
 * Finds SwiftShader, unpacking it on the first use.
 *
 * @throws Error whose message says what is missing and how to get it
 */
export async function softwareDriver(): Promise<SoftwareDriver> {
  const found = await findChromiumPackage('SwiftShader', ARCHIVE)
  const directory = await unpackedFolder(`attnc-swiftshader-${found.version}`, {
    files: FILES,
    fill: (empty) => unpackInto(empty, found),
  })
  const path = builtin('node:path')
  return { manifest: path.join(directory, MANIFEST), loader: path.join(directory, LOADER) }
}

async function unpackInto(directory: string, found: ChromiumPackage): Promise<void> {
  const files = readTar(await readArchive(found, ARCHIVE))
  for (const name of FILES) {
    const content = files.get(name)
    if (content === undefined)
      throw new Error(`${ARCHIVE} holds no ${name}, but ${[...files.keys()].join(', ')}`)
    const path = builtin('node:path').join(directory, name)
    await builtin('node:fs/promises').writeFile(path, content, { mode: 0o700 })
  }
}
