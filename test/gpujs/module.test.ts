// A printed module of the target gpujs: the program in memory, and one that runs in a process of its own.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { programFrom } from '../../compiler/codegen/description.ts'
import { printModule } from '../../compiler/codegen/module.ts'
import { randomCall, softmaxAttention } from '../runtime/expected.ts'
import { asCarried, comparable, moduleFolder, spelt } from '../setup/modules.ts'
import type { ModuleFolder } from '../setup/modules.ts'
import { difference } from './difference.ts'
import { cachedMeans, softmaxCells } from './programs.ts'

const programs = [softmaxCells(4, 3, true), softmaxCells(4, 3), cachedMeans(2)]
let folder: ModuleFolder

beforeAll(() => {
  folder = moduleFolder(programs.flatMap((program) => [...printModule(program)]))
})
afterAll(() => folder.remove())

test.each(programs.map((program) => [program.name, program] as const))(
  '%s is the program in memory, with its kernels beside it and gpu.js behind a function',
  async (name, program) => {
    const module = await folder.program(name)
    expect(comparable(module)).toEqual(comparable(asCarried(programFrom(program))))
    expect(module.library).toBeTypeOf('function')
    for (const [kernel, { code }] of Object.entries(program.kernels))
      expect(readFileSync(join(folder.path, name, `${kernel}.js`), 'utf8')).toBe(code)
  },
)

test('runs in a process of its own, which ends by itself', async () => {
  const call = randomCall({ length: 5, heads: 2 }, 4, 3)
  const [device, ...out] = (await folder.printed(`
    import { create } from './softmaxCells.js'
    const attention = await create()
    const out = await attention.forward({ ${spelt(call)} })
    console.log(JSON.stringify([attention.device, ...out]))`)) as [string, ...number[]]
  expect(device).toBe('gpu.js webasm')
  expect(difference(Float32Array.from(out), softmaxAttention(call, 4, 3))).toBeLessThan(1e-5)
})
