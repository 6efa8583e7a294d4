// A generated module: written to disk beside the runtime, imported by a process that knows nothing else.
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ProgramDescription } from '../../compiler/codegen/description.ts'
import { programFrom } from '../../compiler/codegen/description.ts'
import { printModule } from '../../compiler/codegen/module.ts'
import { shapeFields, shapeFields as kernelFields } from '../../runtime/contract/shape.ts'
import type { Program } from '../../runtime/index.ts'
import { asCarried, comparable, moduleFolder, root, spelt } from '../setup/modules.ts'
import type { ModuleFolder } from '../setup/modules.ts'
import { randomCall, softmaxAttention } from './expected.ts'
import { wholeProgram } from '../../runtime/calls/whole-program.ts'
import { copy, runningSum, softmax } from './programs.ts'

const programs: readonly ProgramDescription[] = [copy, softmax(4, 3), softmax(4, 3, true), runningSum]
const run = promisify(execFile)
let folder: ModuleFolder

beforeAll(() => {
  folder = moduleFolder(programs.flatMap((program) => [...printModule(program)]))
})
afterAll(() => folder.remove())

/** With what is loaded when it is needed, but for its gradients. */
const whole = async (program: Program): Promise<Program> => ({
  ...(await wholeProgram(program)),
  gradients: undefined as never,
})

describe('a printed module', () => {
  test.each(programs.map((program) => [program.name, program] as const))(
    '%s is the program in memory',
    async (name, program) => {
      const [printed, inMemory] = [await folder.program(name), programFrom(program)]
      expect(comparable(await whole(printed))).toEqual(comparable(asCarried(await whole(inMemory))))
      const gradients = (await inMemory.gradients?.())?.program
      const printedGradients = (await printed.gradients?.())?.program
      expect(printedGradients && comparable(printedGradients)).toEqual(
        gradients && comparable({ ...asCarried(gradients), source: '' }),
      )
      for (const [kernel, { code }] of Object.entries(program.kernels)) {
        expect(readFileSync(join(folder.path, name, `${kernel}.wgsl`), 'utf8')).toBe(code)
      }
    },
  )

  test('is read by a person', () => {
    const text = readFileSync(join(folder.path, 'softmax.js'), 'utf8')
    expect(text.replace(/`[^]*?(?<!\\)`/g, '`…`')).toMatchInlineSnapshot(`
      "// softmax, compiled by attnc. Its kernels can be read in softmax/.
      import { createAttention } from './attnc-runtime/create.js'
      import { open } from './attnc-runtime/backends/webgpu/open.js'

      const source = \`…\`

      const wgsl = {
        scores: \`…\`,
        means: \`…\`,
      }

      export const program = {
        format: 1,
        name: 'softmax',
        dim: 4,
        valueDim: 3,
        features: 0,
        causal: false,
        target: 'webgpu',
        weights: [],
        source,
        forms: {
          forward: {
            chunks: (s) => Math.ceil(s.keyLength / 16),
            groups: 'kvHeads',
            buffers: [
              { name: 'q', role: 'input', element: 'f32', size: (s) => s.batch * s.heads * s.length * 4 },
              { name: 'k', role: 'input', element: 'f32', size: (s) => s.batch * s.kvHeads * s.keyLength * 4 },
              { name: 'v', role: 'input', element: 'f32', size: (s) => s.batch * s.kvHeads * s.keyLength * 3 },
              { name: 'out', role: 'output', element: 'f32', size: (s) => s.batch * s.heads * s.length * 3 },
              { name: 'lengths', role: 'lengths', element: 'u32', size: (s) => s.batch },
              { name: 'scores', role: 'scratch', element: 'f32', size: (s) => s.sliceCount * Math.ceil(s.heads / s.kvHeads) * s.length * s.keyLength },
            ],
            dispatches: [
              { kernel: 'scores', workgroups: (s) => Math.ceil(s.sliceCount * Math.ceil(s.heads / s.kvHeads) * s.length * s.keyLength / 64), buffers: ['q', 'k', 'scores'] },
              { kernel: 'means', workgroups: (s) => Math.ceil(s.sliceCount * Math.ceil(s.heads / s.kvHeads) * s.length / 64), buffers: ['scores', 'v', 'lengths', 'out'] },
            ],
          },
        },
        kernels: {
          scores: { code: wgsl.scores, workgroupSize: 64, workgroupBytes: 0, bindings: [{ name: 'q', access: 'read' }, { name: 'k', access: 'read' }, { name: 'scores', access: 'read_write' }] },
          means: { code: wgsl.means, workgroupSize: 64, workgroupBytes: 0, bindings: [{ name: 'scores', access: 'read' }, { name: 'v', access: 'read' }, { name: 'lengths', access: 'read' }, { name: 'out', access: 'read_write' }] },
        },
      }

      export const create = (options) => createAttention(program, options, open)
      "
    `)
  })

  test('runs in a process of its own, which ends by itself', async () => {
    const call = randomCall({ length: 5, heads: 2 }, 4, 3)
    const out = (await folder.printed(`
      import { create } from './softmax.js'
      const attention = await create({ backend: 'webgpu' })
      const out = await attention.forward({ ${spelt(call)} })
      attention.destroy()
      console.log(JSON.stringify([...out]))`)) as number[]
    const expected = softmaxAttention(call, 4, 3)
    expect(out.length).toBe(expected.length)
    for (const [index, value] of expected.entries()) expect(out[index]).toBeCloseTo(value, 5)
  })

  test('has types that a user’s program is checked against', async () => {
    const program = (line: string): string => `
      import { create, program } from './softmax.js'
      const rows = new Float32Array(4)
      const attention = await create({ backend: 'webgpu' })
      const name: string = program.name
      ${line}
      export { name }`
    writeFileSync(
      join(folder.path, 'right.ts'),
      program(
        'const out: Float32Array = await attention.forward({ q: rows, k: rows, v: rows, length: 1 })\nexport { out }',
      ),
    )
    writeFileSync(
      join(folder.path, 'wrong.ts'),
      program('await attention.forward({ q: [1], k: rows, v: rows, length: 1 })'),
    )
    const flags = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--lib',
      'es2023,dom,esnext.disposable',
      '--types',
      '',
      '--skipLibCheck',
      'false',
    ]
    const check = (file: string) =>
      run(join(root, 'node_modules/.bin/tsc'), [...flags, file], { cwd: folder.path })
    await expect(check('right.ts')).resolves.toMatchObject({ stdout: '' })
    await expect(check('wrong.ts')).rejects.toMatchObject({ stdout: /wrong\.ts.*number\[\]/s })
  })
})

test('the runtime and the kernels agree on the fields of the shape', () => {
  expect(shapeFields).toEqual(kernelFields)
})
