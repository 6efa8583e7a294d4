// Kernels rewritten for f16: what becomes of their accesses, and that those of every spec can read their tensors.
import { describe, expect, test } from 'vitest'
import { compile } from '../../compiler/index.ts'
import type { KernelSource, Program } from '../../runtime/program.ts'
import { onHalves } from '../../runtime/storage/half-kernels.ts'
import { halfProgram } from '../../runtime/storage/half-program.ts'
import { specs, textOf } from '../numeric/small-specs.ts'

const kernelOf = (declarations: string, body: string): KernelSource => ({
  code: `${declarations}\n@compute @workgroup_size(1)\nfn main() {\n  ${body}\n}\n`,
  workgroupSize: 1,
  bindings: [],
  workgroupBytes: 0,
})
const scalars = `@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;`
const vectors = scalars.replaceAll('array<f32>', 'array<vec4f>')
const bodyOf = (kernel: KernelSource | undefined): string =>
  /fn main\(\) \{\s*([^]*?)\s*\}\n/.exec(kernel?.code ?? '')?.[1] ?? ''

test('loads are calls, those within an index as well, and other names stay', () => {
  const kernel = kernelOf(scalars, 'let a = q[u32(q[2u + 1u])] + eq[1] + x.q[2];')
  expect(bodyOf(onHalves(kernel, [0], false))).toBe('let a = q_load(u32(q_load(2u + 1u))) + eq[1] + x.q[2];')
})

test('a comment may have the name of a buffer for a word', () => {
  const kernel = kernelOf(vectors, '// not written out\n  out[0] = q[0];')
  expect(bodyOf(onHalves(kernel, [0, 1], false))).toBe('out_store(0, q_load(0));')
})

test('a number of a vector is taken of what is loaded', () => {
  const kernel = kernelOf(vectors, 'let a = q[i / 4u][i % 4u];')
  expect(bodyOf(onHalves(kernel, [0], true))).toBe('let a = q_load(i / 4u)[i % 4u];')
})

test('stores are calls, whose values may load; comparisons are none', () => {
  const kernel = kernelOf(
    vectors,
    'if (q[0].x == q[1].x) { out[q[i] + 1u] = vec4f(out[2].x, q[3].y,\n 0, 1); }',
  )
  expect(bodyOf(onHalves(kernel, [0, 1], false))).toBe(
    'if (q_load(0).x == q_load(1).x) { out_store(q_load(i) + 1u, vec4f(out_load(2).x, q_load(3).y,\n 0, 1));',
  )
})

test.each([
  ['numbers', scalars, true, 'array<f16>'],
  ['fours', vectors, true, 'array<vec4<f16>>'],
  ['numbers in words', scalars, false, 'array<u32>'],
  ['fours in words', vectors, false, 'array<vec2u>'],
] as const)('buffers are declared as %s', (_, declarations, native, type) => {
  const found = onHalves(kernelOf(declarations, 'let a = q[0];'), [0], native)
  expect(found?.code).toContain(`var<storage, read> q: ${type};`)
  // The other one is of f32.
  expect(found?.code).toContain(/.*out.*/.exec(declarations)?.[0])
  expect(found?.code.startsWith('enable f16;')).toBe(native)
})

test('single numbers are stored with shader-f16 alone, since a word has two', () => {
  const kernel = kernelOf(scalars, 'out[i] = 1.0;')
  expect(bodyOf(onHalves(kernel, [1], true))).toBe('out_store(i, 1.0);')
  expect(onHalves(kernel, [1], false)).toBeUndefined()
})

test('no bits are read as a vector of f16, which naga cannot', () => {
  for (const declarations of [scalars, vectors]) {
    const found = onHalves(kernelOf(declarations, 'out[i] = q[i];'), [0, 1], true)
    expect(found?.code).not.toMatch(/bitcast<vec/)
  }
})

test('what names a buffer in another way is left alone', () => {
  expect(onHalves(kernelOf(scalars, 'let n = arrayLength(&q);'), [0], true)).toBeUndefined()
  expect(onHalves(kernelOf(scalars, ''), [2], true)).toBeUndefined()
})

/** All kernels of a program, those of decoding too. */
const texts = ({ kernels }: Pick<Program, 'kernels'>): string[] =>
  Object.values(kernels).map(({ code }) => code)

describe.each(specs)('%s', (name) => {
  const programs = compile(textOf(name)).modules.map(({ program }) => program)
  test.each([true, false])('reads f16 in every pass (shader-f16: %s)', (native) => {
    for (const program of programs) {
      const { program: halves } = halfProgram(program, native)
      const codes = texts(halves)
      expect(codes.length).toBeGreaterThanOrEqual(Object.keys(program.kernels).length)
      for (const code of codes)
        for (const tensor of ['q', 'k', 'v']) {
          expect(code).not.toMatch(new RegExp(`var<storage, read> ${tensor}: array<(f32|vec4f)>`))
          const main = code.slice(code.indexOf('@compute'), code.indexOf('\n}\n', code.indexOf('@compute')))
          expect(main).not.toMatch(new RegExp(`(?<![.\\w])${tensor}\\[`))
        }
    }
  })
})
