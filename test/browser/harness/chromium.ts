// Headless Chromium as the npm package @sparticuz/chromium packs it, with all that a bare machine lacks.
import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { env } from 'node:process'
import {
  type ChromiumPackage,
  findChromiumPackage,
  readArchive,
} from '../../../runtime/backends/webgpu/node/chromium-package.ts'
import { readTar } from '../../../runtime/backends/webgpu/node/tar.ts'
import { unpackedFolder } from '../../../runtime/backends/webgpu/node/unpacked.ts'

/** A program to start, and the environment that it needs. */
export interface Chromium {
  readonly executable: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

const PROGRAM = 'chromium'
const FONTS = 'fonts.conf'
/** Each with the folder that its files go to. */
const ARCHIVES = { 'swiftshader.tar.br': '.', 'al2023.tar.br': '.', 'fonts.tar.br': '.' } as const

/** @throws Error whose message says why there is none */
export async function findChromium(): Promise<Chromium> {
  const chosen = env['ATTNC_CHROMIUM']
  const found = chosen === undefined ? await unpackedChromium() : { executable: chosen, environment: env }
  return checked(found)
}

async function unpackedChromium(): Promise<Chromium> {
  const found = await findChromiumPackage('Chromium', `${PROGRAM}.br`)
  const folder = await unpackedFolder(`attnc-chromium-${found.version}`, {
    files: [PROGRAM, FONTS, 'libGLESv2.so', 'libvk_swiftshader.so', 'lib'],
    fill: (empty) => unpackInto(empty, found),
  })
  const environment = { ...env, FONTCONFIG_FILE: join(folder, FONTS) }
  const executable = join(folder, PROGRAM)
  if (starts({ executable, environment }) === undefined) return { executable, environment }
  // The system lacks a library: nss, nspr and expat come with the browser.
  const libraries = [join(folder, 'lib'), env['LD_LIBRARY_PATH']].filter(Boolean).join(':')
  return { executable, environment: { ...environment, LD_LIBRARY_PATH: libraries } }
}

async function unpackInto(directory: string, found: ChromiumPackage): Promise<void> {
  const place = async (name: string, content: Uint8Array): Promise<void> => {
    const path = join(directory, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content, { mode: 0o700 })
  }
  for (const archive of Object.keys(ARCHIVES))
    for (const [name, content] of readTar(await readArchive(found, archive))) await place(name, content)
  const fonts = `<fontconfig><dir prefix="relative">fonts</dir></fontconfig>\n`
  await place(FONTS, new TextEncoder().encode(fonts))
  await place(PROGRAM, await readArchive(found, `${PROGRAM}.br`))
}

function checked(chromium: Chromium): Chromium {
  const problem = starts(chromium)
  if (problem === undefined) return chromium
  throw new Error(`${chromium.executable} does not start: ${problem}`)
}

/** Why a program does not start, or undefined where it does. */
function starts({ executable, environment }: Chromium): string | undefined {
  const { status, stderr, error } = spawnSync(executable, ['--version'], {
    env: environment,
    encoding: 'utf8',
  })
  if (status === 0) return undefined
  return (error?.message ?? stderr).trim()
}
