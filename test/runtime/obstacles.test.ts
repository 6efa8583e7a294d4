// What is said where an attention has no form for a call: why, and what would have one.
import { describe, expect, test, vi } from 'vitest'
import { reference } from '../../compiler/index.ts'
import { createAttention } from '../../runtime/index.ts'
import { compileFor, compileOne } from '../numeric/harness.ts'

vi.mock('../../runtime/node/packages.ts', async (original) => {
  const packages = await original<{ importPackage(name: string): Promise<unknown> }>()
  return {
    ...packages,
    importPackage: (name: string) =>
      name === 'attnc' ? Promise.resolve({ reference }) : packages.importPackage(name),
  }
})

const kernel = 'kernel: exp(dot(q, k))'
const obstacles: readonly [string, RegExp][] = [
  [kernel, /without a mask .* write mask: causal/],
  ['feature: elu1', /without a mask/],
  [`${kernel} mask: abs(i - j) < 4`, /mask is not `causal`; join that to it with &&/],
  [`${kernel} mask: causal && j < length - 1`, /sees `length`, which grows/],
  ['feature: cosformer mask: causal', /uses length, which grows/],
  [
    'feature: favor projections: 4 mask: causal stabilize: max 0.001',
    /stabilize: max takes maxima over the whole/,
  ],
  [`${kernel} landmarks: 2 segment_means`, /means of its rows stand for the whole/],
  [`${kernel} compress: 2 learned`, /pooled rows stand for the whole/],
]
const x = new Float32Array(8)
const call = { q: x, k: x, v: x, length: 4 }
const saved = { position: 1, batch: 1, heads: 1, kvHeads: 1, capacity: 1, tensors: {} }

describe.each(obstacles)('%s', (settings, why) => {
  test.each(['webgpu', 'gpujs', 'reference'] as const)('does not decode, %s says why', async (backend) => {
    const text = `attention a { dim: 2 ${settings} }`
    const { program } = compileFor(backend === 'gpujs' ? 'gpujs' : 'webgpu', text)
    const weights = program.weights.length > 0 ? { compressKeys: new Float32Array(8) } : {}
    using attention = await createAttention(program, { backend, weights })
    const refused = { name: 'AttentionError', code: 'form', message: expect.stringMatching(why) as unknown }
    await expect(attention.prefill(call)).rejects.toMatchObject(refused)
    await expect(attention.restore({ name: 'a', ...saved })).rejects.toMatchObject(refused)
    await expect(attention.step({} as never, call)).rejects.toMatchObject(refused)
  })
})

test('buckets do not decode either', async () => {
  const { program } = compileOne(
    `attention a { dim: 2 ${kernel} buckets: 2 rounds 1 chunk 2 seed 1 mask: causal }`,
  )
  using attention = await createAttention(program, { backend: 'webgpu' })
  await expect(attention.prefill(call)).rejects.toThrow(/hash sorts the whole sequence/)
})

test('a kernel whose derivative does not separate by rows has no gradients', async () => {
  const { program } = compileOne('attention a { dim: 2 kernel: exp(sum(tanh(q + k))) }')
  using attention = await createAttention(program, { backend: 'wasm' })
  await expect(attention.backward({ ...call, dout: x })).rejects.toMatchObject({
    code: 'form',
    message: expect.stringMatching(
      /^a has no gradients, since the derivative of its kernel is no sum of products/,
    ) as unknown,
  })
})

test.each([null, undefined, 3, {}])('%o is no program', async (given) => {
  await expect(createAttention(given as never)).rejects.toThrow(
    /createAttention takes the program that a compiled module exports; it was given/,
  )
  await expect(createAttention(given as never)).rejects.toThrow(TypeError)
})

test.each(['webgpu', 'gpujs', 'reference'] as const)('%s restores what counts can be', async (backend) => {
  const text = 'attention a { dim: 1 feature: elu1 mask: causal }'
  const { program } = compileFor(backend === 'gpujs' ? 'gpujs' : 'webgpu', text)
  using attention = await createAttention(program, { backend })
  const one = new Float32Array([1])
  const { state } = await attention.prefill({ q: one, k: one, v: one, length: 1 })
  const right = await state.save()
  for (const odd of [2 ** 32, 2 ** 31, 2 ** 30 + 1, 0, -1, 0.5, NaN, Infinity, '1', undefined])
    for (const name of ['position', 'capacity', 'batch', 'heads', 'kvHeads'])
      await expect(attention.restore({ ...right, [name]: odd })).rejects.toThrow(RangeError)
})
