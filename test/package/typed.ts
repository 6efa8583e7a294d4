// A strict program of a stranger, read by TypeScript, which also reads each line of the types that it stands on.
import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { install } from '../setup/packages.ts'

const run = promisify(execFile)

interface Library {
  readonly name: string
  readonly lib: readonly string[]
  readonly types: readonly string[]
  /** Whether the program's own types have the interfaces of WebGPU. */
  readonly webGpu: boolean
}

const bare: Library = { name: 'without the DOM library', lib: ['es2022'], types: [], webGpu: false }
const dom: Library = { name: 'with the DOM library', lib: ['es2022', 'dom'], types: [], webGpu: true }
const webGpuTypes: Library = {
  ...dom,
  name: 'with the DOM library and @webgpu/types',
  types: ['@webgpu/types'],
}

const root = join(import.meta.dirname, '../..')

/** The oldest and the newest that the package is for. The DOM library has WebGPU since TypeScript 6. */
export const typescripts: readonly TypeScript[] = [
  { age: 'oldest', folder: import.meta.dirname, libraries: [bare, { ...dom, webGpu: false }, webGpuTypes] },
  { age: 'newest', folder: root, libraries: [bare, dom] },
]

interface TypeScript {
  readonly age: string
  /** Whose `node_modules` has it. */
  readonly folder: string
  readonly libraries: readonly Library[]
}

const program = `import { create } from './out/linear.js'
import { create as shared } from './shared/linear.js'
import { check, compile, verify } from 'attnc'
import { createAttention, drawProjection } from 'attnc/runtime'
import * as jax from 'attnc/jax'
import * as tfjs from 'attnc/tfjs'

const attention = await create()
export const out: Float32Array = await attention.forward({
  q: new Float32Array(8),
  k: new Float32Array(8),
  v: new Float32Array(6),
  length: 1,
})
export const called: unknown = [attention.name, check, compile, verify, createAttention, jax, tfjs, shared]

type IsAny<T> = 0 extends 1 & T ? true : false
type Options = NonNullable<Parameters<typeof create>[0]>
export const device: IsAny<NonNullable<Options['device']>> = false
export const own: IsAny<NonNullable<typeof attention.gpuDevice>> = false
export const encoder: IsAny<Parameters<typeof attention.encode>[0]> = false
export const rows: IsAny<ReturnType<typeof drawProjection>> = false
export const result: IsAny<Awaited<ReturnType<typeof attention.forward>>> = false
`

const programOfWebGpu = `
declare const given: GPUDevice
declare const buffer: GPUBuffer
export const same: GPUDevice | undefined = (await create({ device: given })).gpuDevice
export const onDevice: GPUBuffer = await attention.forward({ q: buffer, k: buffer, v: buffer, length: 1 })
`

/** What TypeScript says of a program in a folder that has the package, and `linear.js` in `out` and in `shared`; nothing where all is right. */
export async function complaints(
  project: string,
  { folder }: TypeScript,
  { lib, types, webGpu }: Library,
): Promise<string> {
  const missing = install(folder, 'typescript')
  if (missing !== undefined) return missing
  for (const name of types) await linkTypes(project, name)
  await writeFile(join(project, 'use.ts'), webGpu ? program + programOfWebGpu : program)
  const options = { strict: true, noEmit: true, skipLibCheck: false, exactOptionalPropertyTypes: true }
  const dialect = { module: 'nodenext', target: 'es2022', lib, types }
  await writeFile(
    join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...options, ...dialect }, files: ['use.ts'] }),
  )
  const compiler = join(folder, 'node_modules/typescript/bin/tsc')
  // tsc reports on standard output, which a rejection would hide.
  const { stdout } = await run('node', [compiler, '-p', '.'], { cwd: project }).catch(
    (error: unknown) => error as { stdout: string },
  )
  return stdout
}

async function linkTypes(project: string, name: string): Promise<void> {
  const link = join(project, 'node_modules', name)
  await mkdir(dirname(link), { recursive: true })
  await symlink(join(root, 'node_modules', name), link)
}
