// What a page carries for one attention, bundled and minified: the module, its kernels and the runtime.
import { readFileSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { textOf } from '../numeric/small-specs.ts'
import { bundle } from './harness/app.ts'
import { attnc, compileInto } from './harness/compiled.ts'
import type { CompiledFolder } from './harness/compiled.ts'
import { root } from '../setup/modules.ts'

const kilobyte = 1024
const specs = ['linear_transformer', 'performer'] as const

let folder: CompiledFolder
beforeAll(async () => {
  folder = await compileInto(Object.fromEntries(specs.map((name) => [name, textOf(name)])))
})
afterAll(() => folder.remove())

const zipped = (code: string): number => gzipSync(code, { level: 9 }).length

test.each([
  ['linear_transformer', 13],
  ['performer', 14.5],
] as const)('%s is below %s KB; what it may need later comes apart', async (name, kilobytes) => {
  const { code, later } = await bundle(join(folder.path, `${name}.js`))
  expect(code).toContain('fn finish(')
  // Of the backends it carries its own alone.
  expect(code).toContain('requestAdapter')
  expect(code).not.toContain('createKernel')
  expect(zipped(code)).toBeLessThan(kilobytes * kilobyte)
  expect(later).toEqual(
    [
      // Kernels of decoding, the gradients, those by parameters where there are some, those of rows behind a state, and kernels of the other targets.
      `./${name}/decoding.js`,
      `./${name}/webgpu-gradients.js`,
      ...(name === 'performer' ? [`./${name}/webgpu-parameter-gradients.js`] : []),
      `./${name}/webgpu-state-gradients.js`,
      `./${name}/gpujs.js`,
      `./${name}/wasm.js`,
      // The caller's own options and tensors, decoding, gradients, times, other backends, Node.js, and what to say where there is no device.
      '../../node-gpu.js',
      './arguments/create-options.js',
      './arguments/no-program.js',
      './arguments/own-tensors.js',
      './backward.js',
      './decoding.js',
      './backends/others.js',
      './profile.js',
      './refusal.js',
      './drawn.js',
      './transformed.js',
      './no-device.js',
    ].sort(),
  )
})

test('with the runtime of the package a page carries as little', async () => {
  await attnc(folder.path, 'compile', 'performer.attn', '--runtime', 'package', '-o', 'shared')
  await mkdir(join(folder.path, 'node_modules'))
  await symlink(root, join(folder.path, 'node_modules/attnc'))
  const { code } = await bundle(join(folder.path, 'shared/performer.js'))
  expect(code).toContain('requestAdapter')
  expect(zipped(code)).toBeLessThan(14.5 * kilobyte)
})

/** The runtime of WebAssembly, as far as a page does not have it from the backend webgpu already. */
async function besideWebgpu(): Promise<{ bytes: number; later: readonly string[] }> {
  const runtime = join(folder.path, 'attnc-runtime')
  const both = join(runtime, 'both.js')
  await writeFile(
    both,
    "export * from './backends/webgpu/backend.js'\nexport * from './backends/wasm/backend.js'\n",
  )
  const webgpu = await bundle(join(runtime, 'backends/webgpu/backend.js'))
  const { code, later } = await bundle(both)
  return {
    bytes: zipped(code) - zipped(webgpu.code),
    later: later.filter((path) => !webgpu.later.includes(path)),
  }
}

// What a page loads up to its first call of forward where its module is for WebGPU: the runtime of WebAssembly, the
// description of the forms, and the kernels of forward in the larger variant. Those of decoding come when it decodes.
test.each(specs)('%s loads below 10 KB where it falls back to WebAssembly', async (name) => {
  const part = (file: string): number => zipped(readFileSync(join(folder.path, name, `${file}.js`), 'utf8'))
  const { bytes } = await besideWebgpu()
  const sum = bytes + part('wasm') + Math.max(part('wasm-plain'), part('wasm-relaxed'))
  expect(sum).toBeLessThan(10 * kilobyte)
  expect(part('wasm-plain-decoding')).toBeLessThan(6.5 * kilobyte)
})

test('the backend wasm is below 5 KB beside the backend webgpu; threads and decoding come apart', async () => {
  const { bytes, later } = await besideWebgpu()
  expect(bytes).toBeLessThan(5 * kilobyte)
  expect(later).toEqual(['./calls/apart.js', './later.js', './node/relaxed-simd.js', './threads.js'])
})

test('a module for another target carries the backend of that target, and no other', async () => {
  await attnc(folder.path, 'compile', 'linear_transformer.attn', '--target', 'gpujs', '-o', 'cells')
  const { code, later } = await bundle(join(folder.path, 'cells/linear_transformer.js'))
  expect(code).toContain('createKernel')
  expect(code).not.toContain('requestAdapter')
  expect(later).toContain('./backends/others.js')
})

test('drawing projections, which only attentions with projections load, is below 2 KB', async () => {
  const { code, later } = await bundle(join(folder.path, 'attnc-runtime/projection/drawn.js'))
  expect(zipped(code)).toBeLessThan(2 * kilobyte)
  expect(later).toEqual([])
})
