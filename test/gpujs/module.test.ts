// A printed module of the target gpujs: the program in memory, and one that runs in a process of its own.
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { programFrom } from '../../compiler/codegen/description.ts'
import { compact, printModule, runtimeFolder } from '../../compiler/codegen/module.ts'
import type { Form, Program } from '../../runtime/index.ts'
import { shapeFields } from '../../runtime/program.ts'
import { randomCall, softmaxAttention } from '../runtime/expected.ts'
import { difference } from './difference.ts'
import { cachedMeans, softmaxCells } from './programs.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const folder = mkdtempSync(join(tmpdir(), 'attnc-cells-'))
const programs = [softmaxCells(4, 3, true), softmaxCells(4, 3), cachedMeans(2)]
const run = promisify(execFile)

beforeAll(() => {
  cpSync(join(root, 'dist/runtime'), join(folder, runtimeFolder), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  for (const { path, text } of programs.flatMap(printModule)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Functions of the shape by what they return on an odd one. */
function onOddShape(form: Form): unknown {
  const shape = Object.fromEntries(shapeFields.map((field, index) => [field, 2 * index + 3])) as never
  return {
    ...form,
    chunks: form.chunks(shape),
    buffers: form.buffers.map(({ size, value, ...plan }) => ({
      ...plan,
      size: size(shape),
      value: value?.(5),
    })),
    dispatches: form.dispatches.map((dispatch) =>
      'extent' in dispatch ? { ...dispatch, extent: dispatch.extent(shape) } : dispatch,
    ),
  }
}
const comparable = (program: Program): unknown => ({
  ...program,
  library: undefined,
  kernels: Object.fromEntries(
    Object.entries(program.kernels).map(([name, facts]) => [name, { ...facts, code: compact(facts.code) }]),
  ),
  forms: Object.fromEntries(Object.entries(program.forms).map(([name, form]) => [name, onOddShape(form)])),
})

test.each(programs.map((program) => [program.name, program] as const))(
  '%s is the program in memory, with its kernels beside it and gpu.js behind a function',
  async (name, program) => {
    const module = (await import(pathToFileURL(join(folder, `${name}.js`)).href)) as { program: Program }
    expect(comparable(module.program)).toEqual(comparable(programFrom(program)))
    expect(module.program.library).toBeTypeOf('function')
    for (const [kernel, { code }] of Object.entries(program.kernels))
      expect(readFileSync(join(folder, name, `${kernel}.js`), 'utf8')).toBe(code)
  },
)

test('runs in a process of its own, which ends by itself', async () => {
  const call = randomCall({ length: 5, heads: 2 }, 4, 3)
  const arrays = Object.entries(call).map(([name, value]) =>
    typeof value === 'number'
      ? `${name}: ${value}`
      : `${name}: new Float32Array([${[...(value as Float32Array)].join()}])`,
  )
  const script = `
    import { create } from './softmaxCells.js'
    const attention = await create()
    const out = await attention.forward({ ${arrays.join(', ')} })
    console.log(JSON.stringify([attention.device, ...out]))`
  writeFileSync(join(folder, 'use.js'), script)
  // Packages are also looked for where the program was started: here.
  const { stdout } = await run(process.execPath, [join(folder, 'use.js')], { cwd: root, timeout: 30_000 })
  const [device, ...out] = JSON.parse(stdout) as [string, ...number[]]
  expect(device).toBe('gpu.js webasm')
  expect(difference(Float32Array.from(out), softmaxAttention(call, 4, 3))).toBeLessThan(1e-5)
})
