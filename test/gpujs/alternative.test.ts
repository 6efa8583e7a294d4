// One generated module for both targets: what it was compiled for, and the other beside it.
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runtimeFolder } from '../../compiler/codegen/module.ts'
import { compile } from '../../compiler/index.ts'
import { compileOne, expected, relativeError, tensors } from '../numeric/harness.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const folder = mkdtempSync(join(tmpdir(), 'attnc-alternative-'))
const run = promisify(execFile)

const specs = `feature favor2(x, w) = exp(dot(w, x) - dot(x, x) / 2)
attention fallback { dim: 4 mask: causal feature: favor2 projections: 8 orthogonal seed 1 }
attention hashed { dim: 4 kernel: exp(dot(q, k)) buckets: 4 rounds 1 chunk 4 seed 1 }`

beforeAll(() => {
  cpSync(join(root, 'dist/runtime'), join(folder, runtimeFolder), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  for (const { path, text } of compile(specs).modules.flatMap(({ files }) => files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

async function outputOf(script: string): Promise<unknown> {
  writeFileSync(join(folder, 'use.js'), script)
  const { stdout } = await run(process.execPath, [join(folder, 'use.js')], { cwd: root, timeout: 60_000 })
  return JSON.parse(stdout)
}

test('a module compiled for webgpu runs on gpu.js, with kernels of its own', async () => {
  const built = compileOne(specs, 'fallback')
  const inputs = tensors(built, { length: 70 }, 3)
  const arrays = (['q', 'k', 'v'] as const).map((name) => `${name}: Float32Array.of(${inputs[name].join()})`)
  const output = await outputOf(`
    import { create } from './fallback.js'
    const attention = await create({ backend: 'gpujs' })
    const out = await attention.forward({ length: 70, ${arrays.join(', ')} })
    console.log(JSON.stringify([attention.backend, ...out]))`)
  const [backend, ...out] = output as [string, ...number[]]
  expect(backend).toBe('gpujs')
  expect(relativeError(out, expected(built, { length: 70 }, inputs))).toBeLessThan(1e-5)
})

test('where gpu.js cannot do it, asking for it is an error that says why', async () => {
  const output = await outputOf(`
    import { create } from './hashed.js'
    const told = await create({ backend: 'gpujs' }).catch(({ code, message }) => ({ code, message }))
    console.log(JSON.stringify(told))`)
  expect(output).toMatchObject({ code: 'backend', message: expect.stringMatching(/hashed.*gpujs/) as string })
})
