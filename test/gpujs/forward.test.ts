// The runtime of the target gpujs, on WebAssembly: what it gives kernels, and what it keeps and frees.
import { createRequire } from 'node:module'
import { describe, expect, test, vi } from 'vitest'
import { programFrom } from '../../compiler/codegen/description.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention } from '../../runtime/index.ts'
import { randomCall, softmaxAttention } from '../runtime/expected.ts'
import { difference } from './difference.ts'
import { impossible, softmaxCells } from './programs.ts'

const open = (program = softmaxCells(4, 3), options = {}): Promise<Attention> =>
  createAttention(programFrom(program), options)

describe('forward', () => {
  test('names its backend and mode', async () => {
    using attention = await open()
    expect(attention).toMatchObject({
      backend: 'gpujs',
      device: 'gpu.js webasm',
      name: 'softmaxCells',
      dim: 4,
    })
  })

  test.each([
    [{ length: 1 }, undefined],
    [{ length: 9, keyLength: 5, heads: 2 }, undefined],
    [{ length: 3, keyLength: 8, batch: 2, heads: 4, kvHeads: 2 }, [8, 3]],
    [{ length: 7, batch: 3 }, [0, 7, 1]],
  ])('agrees with attention on the host: %o, lengths %o', async (sizes, lengths) => {
    using attention = await open()
    const call = randomCall(sizes, 4, 3)
    expect(
      difference(await attention.forward({ ...call, lengths }), softmaxAttention(call, 4, 3, lengths)),
    ).toBeLessThan(1e-5)
  })

  test('shapes change from call to call', async () => {
    using attention = await open()
    for (let length = 1; length <= 12; length++) {
      const call = randomCall({ length, keyLength: 13 - length, heads: 1 + (length % 3) }, 4, 3, length)
      expect(difference(await attention.forward(call), softmaxAttention(call, 4, 3))).toBeLessThan(1e-5)
    }
  })

  test('overlapping calls, and arrays that change meanwhile, do not meet', async () => {
    using attention = await open()
    const calls = [2, 5, 3].map((length) => randomCall({ length }, 4, 3, length))
    const expected = calls.map((call) => softmaxAttention(call, 4, 3))
    const pending = calls.map((call) => {
      const outcome = attention.forward(call)
      call.q.fill(Number.NaN)
      call.v.fill(Number.NaN)
      return outcome
    })
    for (const [index, out] of (await Promise.all(pending)).entries())
      expect(difference(out, expected[index]!)).toBeLessThan(1e-5)
  })

  test('weights, projections and numbers of heads reach the kernels', async () => {
    const call = randomCall({ length: 2, heads: 2 }, 4, 3)
    const plain = softmaxAttention(call, 4, 3)
    const conv = Float32Array.from([0.25, 0, 0, 0, 0, 0])
    const projection = new Float32Array(12).fill(0.5)
    using attention = await open(softmaxCells(4, 3, true), { weights: { conv }, projection })
    const rest = conv.length + 0.25
    const withHead = (first: number): Float64Array =>
      plain.map((value, index) => value + rest + first - Math.floor(index / 6))
    conv.fill(9)
    projection.fill(9)
    expect(difference(await attention.forward(call), withHead(0.5))).toBeLessThan(1e-5)
    attention.redraw(11)
    expect(difference(await attention.forward(call), withHead(attention.projection![0]!))).toBeLessThan(1e-5)
    await expect(attention.forward(randomCall({ length: 2 }, 4, 3))).rejects.toThrow(/weights\.conv needs 3/)
  })

  test('ten thousand calls leave no kernels behind', async () => {
    const { GPU } = createRequire(import.meta.url)('gpu.js') as { GPU: { prototype: object } }
    const made = vi.spyOn(GPU.prototype as { createKernel: () => unknown }, 'createKernel')
    try {
      using attention = await open(softmaxCells(2, 1))
      const calls = [1, 2].map((length) => randomCall({ length }, 2, 1, length))
      for (let count = 0; count < 10_000; count++) await attention.forward(calls[count % 2]!)
      expect(made).toHaveBeenCalledTimes(2)
    } finally {
      made.mockRestore()
    }
  })
})

describe('refusals', () => {
  const buffer = { mapAsync: () => {}, usage: 0x80, size: 64 } as never
  const call = { q: buffer, k: buffer, v: buffer, length: 1 }

  test('buffers of WebGPU', async () => {
    using attention = await open()
    await expect(attention.forward(call)).rejects.toMatchObject({
      code: 'backend',
      message: expect.stringMatching(/gpujs takes Float32Array/) as unknown,
    })
    const record = (): void => attention.encode({} as never, { ...call, out: buffer }, { length: 1 })
    expect(record).toThrow(expect.objectContaining({ code: 'backend' }))
    expect(record).toThrow(/gpu\.js webasm.*backend webgpu/)
    await expect(attention.profile(call)).rejects.toMatchObject({ code: 'backend' })
  })

  test('a device of WebGPU', async () => {
    const device = { queue: {} }
    await expect(open(softmaxCells(4, 3), { device })).rejects.toMatchObject({
      code: 'backend',
      message: expect.stringMatching(/GPUDevice/) as unknown,
    })
  })

  test('a call that is not what it should be', async () => {
    using attention = await open()
    const { q, k, v } = randomCall({ length: 2 }, 4, 3)
    await expect(attention.forward({ q, k, v, length: 3 })).rejects.toThrow(/q needs 12 numbers/)
    await expect(attention.forward({ q, k, v, length: 2, lengths: [3] })).rejects.toThrow(RangeError)
    await expect(attention.prefill({ q, k, v, length: 2 })).rejects.toMatchObject({ code: 'form' })
    const dout = v
    await expect(attention.backward({ q, k, v, dout, length: 2 })).rejects.toMatchObject({ code: 'form' })
  })

  test('more numbers than a buffer holds', async () => {
    using attention = await open(softmaxCells(1, 1))
    const q = new Float32Array(2 ** 15)
    await expect(attention.forward({ q, k: q, v: q, length: q.length })).rejects.toMatchObject({
      code: 'limit',
      message: expect.stringMatching(
        /scores needs 1073741824 numbers; gpu\.js webasm holds 536870912.*fewer heads/,
      ) as unknown,
    })
  })

  test('a kernel that gpu.js does not compile', async () => {
    using attention = await open(impossible)
    const q = new Float32Array(1)
    await expect(attention.forward({ q, k: q, v: q, length: 1 })).rejects.toMatchObject({
      code: 'kernel',
      message: expect.stringMatching(/gpu\.js webasm refused the kernel scores/) as unknown,
    })
  })

  test('calls after destroy', async () => {
    const attention = await open()
    const call = randomCall({ length: 2 }, 4, 3)
    await attention.forward(call)
    const pending = attention.forward(call)
    attention.destroy()
    attention.destroy()
    await expect(pending).rejects.toMatchObject({ code: 'destroyed' })
    await expect(attention.forward(call)).rejects.toMatchObject({
      code: 'destroyed',
      message: expect.stringMatching(/create\(\)/) as unknown,
    })
    using another = await open()
    expect(difference(await another.forward(call), softmaxAttention(call, 4, 3))).toBeLessThan(1e-5)
  })
})
