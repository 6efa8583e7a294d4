// One generated module for WebGPU and gpu.js: what it was compiled for, and the other beside it.
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compile, targets } from '../../compiler/index.ts'
import { compileOne, expected, relativeError, tensors } from '../numeric/harness.ts'
import { moduleFolder, spelt } from '../setup/modules.ts'
import type { ModuleFolder } from '../setup/modules.ts'

const specs = `feature favor2(x, w) = exp(dot(w, x) - dot(x, x) / 2)
attention fallback { dim: 4 mask: causal feature: favor2 projections: 8 orthogonal seed 1 }
attention hashed { dim: 4 kernel: exp(dot(q, k)) buckets: 4 rounds 1 chunk 4 seed 1 }`

let folder: ModuleFolder
beforeAll(() => {
  folder = moduleFolder(compile(specs).modules.flatMap(({ files }) => files))
})
afterAll(() => folder.remove())

test('a module compiled for webgpu runs on gpu.js, with kernels of its own', async () => {
  const built = compileOne(specs, 'fallback')
  const inputs = tensors(built, { length: 70 }, 3)
  const output = await folder.printed(`
    import { create } from './fallback.js'
    const attention = await create({ backend: 'gpujs' })
    const out = await attention.forward({ length: 70, ${spelt(inputs)} })
    console.log(JSON.stringify([attention.backend, ...out]))`)
  const [backend, ...out] = output as [string, ...number[]]
  expect(backend).toBe('gpujs')
  expect(relativeError(out, expected(built, { length: 70 }, inputs))).toBeLessThan(1e-5)
})

test.each(targets)('what a module for %s loads is written with it', (target) => {
  const files = compile(specs, { target }).modules.flatMap((module) => module.files)
  const paths = files.map(({ path }) => path)
  expect(paths).toContain(target === 'webgpu' ? 'fallback/gpujs.js' : 'fallback/webgpu.js')
  for (const { path, text } of files)
    for (const [, loaded = ''] of text.matchAll(/import\('(\..*?)'\)/g))
      expect(paths, `what ${path} loads`).toContain(join(dirname(path), loaded))
})

test('where gpu.js cannot do it, asking for it is an error that says why', async () => {
  const output = await folder.printed(`
    import { create } from './hashed.js'
    const told = await create({ backend: 'gpujs' }).catch(({ code, message }) => ({ code, message }))
    console.log(JSON.stringify(told))`)
  expect(output).toMatchObject({ code: 'backend', message: expect.stringMatching(/hashed.*gpujs/) as string })
})
