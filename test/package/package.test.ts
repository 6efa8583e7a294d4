// The tarball as a stranger meets it: installed into an empty project and used from there. Of this checkout it has
// nothing but the optional peers, linked in front of the tests of WebGPU.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { causalLinear, inputs, largestError, softmax, type Inputs } from './expected.ts'
import { complaints, typescripts } from './typed.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const minutes = 60_000

const spec = `# A linear transformer and exact attention
attention linear {
  dim:       8
  value_dim: 6
  feature:   elu1
  mask:      causal
}

attention soft {
  dim:       8
  value_dim: 6
  scale:     1 / sqrt(dim)
  kernel:    exp(dot(q, k))
}
`

const program = `import { readFileSync } from 'node:fs'

const [, , module, backend] = process.argv
const { create } = await import(new URL(module, import.meta.url))
const { q, k, v, length, heads } = JSON.parse(readFileSync(new URL('inputs.json', import.meta.url), 'utf8'))
const attention = await create({ backend })
const out = await attention.forward({
  q: Float32Array.from(q),
  k: Float32Array.from(k),
  v: Float32Array.from(v),
  length,
  heads,
})
const { name, dim, valueDim, causal } = attention
attention.destroy()
console.log(JSON.stringify({ name, dim, valueDim, causal, out: [...out] }))
`

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

interface Result {
  readonly name: string
  readonly dim: number
  readonly valueDim: number
  readonly causal: boolean
  readonly out: readonly number[]
}

let directory: string
let project: string
let packed: Packed
const given: Inputs = inputs({ heads: 2, length: 37, dim: 8, valueDim: 6 })

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'attnc-package-'))
  project = join(directory, 'project')
  await mkdir(project)
  // `npm test` has built what is packed; the scripts would build it again beside the tests that use it.
  const { stdout } = await npm(root, 'pack', '--ignore-scripts', '--json', '--pack-destination', directory)
  packed = firstPacked(JSON.parse(stdout))

  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'stranger', type: 'module' }))
  await writeFile(join(project, 'two.attn'), spec)
  await writeFile(join(project, 'use.mjs'), program)
  await writeFile(join(project, 'inputs.json'), JSON.stringify(given))
  await npm(
    project,
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    join(directory, packed.filename),
  )
  const compile = ['--no-install', 'attnc', 'compile', 'two.attn']
  await run('npx', [...compile, '-o', 'out'], options(project))
  await run('npx', [...compile, '--only', 'linear', '--runtime', 'package', '-o', 'shared'], options(project))
}, 5 * minutes)

afterAll(async () => {
  await rm(directory, { recursive: true, force: true })
})

describe('the tarball', () => {
  test('holds what its users need and nothing of its makers', () => {
    const paths = packed.files.map(({ path }) => path)
    expect(paths).toEqual(
      expect.arrayContaining([
        'package.json',
        'README.md',
        'CHANGELOG.md',
        'LICENSE',
        'compiler/prelude.attn',
        'dist/compiler/cli.js',
        'dist/compiler/index.d.ts',
        'dist/runtime/index.d.ts',
      ]),
    )
    expect(paths.filter((path) => path.startsWith('specs/')).length).toBeGreaterThan(0)
    const known = /^(dist\/|specs\/|compiler\/prelude\.attn$|(README|CHANGELOG)\.md$|LICENSE$|package\.json$)/
    expect(paths.filter((path) => !known.test(path) || path.endsWith('.tsbuildinfo'))).toEqual([])
  })

  test('is below 15 MB with all that it needs', async () => {
    expect(await bytesIn(join(project, 'node_modules'))).toBeLessThan(15e6)
    expect(await readdir(join(project, 'node_modules'))).not.toContain('webgpu')
  })

  test('builds nothing when it is installed', async () => {
    const { scripts } = JSON.parse(
      await readFile(join(project, 'node_modules/attnc/package.json'), 'utf8'),
    ) as { scripts: object }
    const atInstallation = ['preinstall', 'install', 'postinstall', 'prepare']
    expect(Object.keys(scripts).filter((name) => atInstallation.includes(name))).toEqual([])
  })

  test('says what to install where WebGPU is asked for', async () => {
    const asked = run('node', ['use.mjs', './out/linear.js', 'webgpu'], options(project))
    await expect(asked).rejects.toThrow(/npm install webgpu/)
  })

  test('runs, of all that is there, on the processor', async () => {
    const words = ['run', 'two.attn', '--length', '64', '--repeat', '1', '--json']
    const { stdout } = await run('npx', ['--no-install', 'attnc', ...words], options(project))
    const { attentions } = JSON.parse(stdout) as { attentions: { backend: string; passed: boolean }[] }
    expect(attentions).toMatchObject([
      { backend: 'wasm', passed: true },
      { backend: 'wasm', passed: true },
    ])
  })

  test('writes kernels that can be read', async () => {
    const written = await readFile(join(project, 'out/linear.js'), 'utf8')
    expect(written).not.toContain(root)
    expect(await readdir(join(project, 'out/linear'))).toContainEqual(expect.stringMatching(/\.wgsl$/))
  })
})

const attentions = [
  { name: 'linear', causal: true, expected: causalLinear(given) },
  { name: 'soft', causal: false, expected: softmax(given) },
]
const places = [
  { backend: 'wasm', tolerance: 1e-5 },
  { backend: 'reference', tolerance: 1e-6 },
  { backend: 'webgpu', tolerance: 1e-5 },
]
describe.each(places)('compiled and used in an empty project, on $backend', ({ backend, tolerance }) => {
  beforeAll(() => (backend === 'webgpu' ? linkPeers() : undefined))

  test.each(attentions)(
    '$name agrees with a float64 loop',
    { timeout: 5 * minutes },
    async ({ name, causal, expected }) => {
      const { stdout } = await run('node', ['use.mjs', `./out/${name}.js`, backend], options(project))
      const result = JSON.parse(stdout) as Result
      expect(result).toMatchObject({ name, dim: 8, valueDim: 6, causal })
      expect(result.out.length).toBe(expected.length)
      expect(largestError(result.out, expected)).toBeLessThan(tolerance)
    },
  )
})

test('a module on the runtime of the package agrees with a float64 loop', async () => {
  expect(await readdir(join(project, 'shared'))).not.toContain('attnc-runtime')
  const { stdout } = await run('node', ['use.mjs', './shared/linear.js', 'wasm'], options(project))
  expect(largestError((JSON.parse(stdout) as Result).out, causalLinear(given))).toBeLessThan(1e-5)
})

describe.each(typescripts)('types, read by the $age TypeScript', (typescript) => {
  test.each(typescript.libraries)('$name: nothing is wrong or any', async (library) => {
    expect(await complaints(project, typescript, library)).toBe('')
  })
})

/** WebGPU for the project, and a device: packages of this checkout, which are too large to be installed once more. */
async function linkPeers(): Promise<void> {
  await mkdir(join(project, 'node_modules/@sparticuz'))
  for (const name of ['webgpu', '@sparticuz/chromium'])
    await symlink(join(root, 'node_modules', name), join(project, 'node_modules', name))
}

/** Of all files below a folder. */
async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const sizes = files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

function npm(cwd: string, ...words: string[]): Promise<{ stdout: string }> {
  return run('npm', words, options(cwd))
}

/** Without what `npm test` and vitest leave in the environment: npm would take this checkout for its project. */
function options(cwd: string): { cwd: string; env: NodeJS.ProcessEnv; maxBuffer: number } {
  const inherited =
    /^(npm_(package|lifecycle)_|npm_config_local_prefix$|INIT_CWD$|NODE_ENV$|NODE_OPTIONS$|VITEST)/
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !inherited.test(name)))
  return { cwd, env, maxBuffer: 64 * 1024 * 1024 }
}

/** npm 12 prints an object by package name where earlier ones print an array. */
function firstPacked(document: unknown): Packed {
  const first: unknown = Object.values(document as object)[0]
  return first as Packed
}
