// Attentions on tensors of f16: on every backend the same as the attention of f32 on the same numbers, rounded once.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { compile, reference } from '../../compiler/index.ts'
import { GpujsState } from '../../runtime/backends/gpujs/state.ts'
import { History } from '../../runtime/backends/reference/history.ts'
import { BufferState } from '../../runtime/calls/buffer-state.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention, Backend, CreateOptions } from '../../runtime/index.ts'
import type * as Packages from '../../runtime/node/packages.ts'
import { narrow, widen } from '../../runtime/storage/half.ts'
import { normals } from '../numeric/harness.ts'
import { testDevice } from '../runtime/device.ts'

vi.mock('../../runtime/node/packages.ts', async (original) => {
  const actual = await original<typeof Packages>()
  const importPackage = (name: string) =>
    name === 'attnc' ? Promise.resolve({ reference }) : actual.importPackage(name)
  return { ...actual, importPackage }
})

const causal = 'attention a { dim: 5 value_dim: 3 feature: relu_features projections: 7 mask: causal }'
const full = 'attention a { dim: 5 value_dim: 3 kernel: exp(dot(q, k)) }'
const unnormalised = 'attention a { dim: 5 value_dim: 3 kernel: exp(dot(q, k)) normalize: none mask: causal }'

let device: GPUDevice
beforeAll(async () => {
  device = await testDevice()
})
afterAll(() => device.destroy())

function open(text: string, backend: Backend, options: CreateOptions = {}): Promise<Attention> {
  const target = backend === 'reference' ? 'webgpu' : backend
  const [module] = compile(text, { target }).modules
  return createAttention(module!.program, { backend, ...(backend === 'webgpu' && { device }), ...options })
}

/** The class, as far as it is looked at, for engines that lack it. */
class Float16 extends Uint16Array<ArrayBuffer> {
  override get [Symbol.toStringTag]() {
    return 'Float16Array' as never
  }
}

/** Whose states they are. */
const states = { webgpu: BufferState, wasm: BufferState, gpujs: GpujsState, reference: History } as const

const halves = (count: number, seed: number) => narrow(normals(count, seed)).halves
const sizes = { batch: 2, heads: 3, kvHeads: 1, length: 9 }
const call = (seed: number, { batch, heads, kvHeads, length } = sizes) => ({
  q: halves(batch * heads * length * 5, seed),
  k: halves(batch * kvHeads * length * 5, seed + 1),
  v: halves(batch * kvHeads * length * 3, seed + 2),
})
type Halves = Pick<ReturnType<typeof call>, 'q' | 'k' | 'v'>
const wide = ({ q, k, v }: Halves) => ({ q: widen(q), k: widen(k), v: widen(v) })
const rounded = (out: Float32Array) => narrow(out).halves

describe.each(['webgpu', 'wasm', 'gpujs', 'reference'] as const)('%s', (backend) => {
  test.each([
    ['features', causal],
    ['exact', full],
  ])('%s: forward is that of f32, rounded', async (_, text) => {
    using half = await open(text, backend, { storage: 'f16' })
    using single = await open(text, backend)
    const given = call(1)
    const out = await half.forward({ ...given, ...sizes })
    expect(out).toBeInstanceOf(Uint16Array)
    expect(out).toEqual(rounded(await single.forward({ ...wide(given), ...sizes })))
  })

  test('prefill, steps and restored states are those of f32', async () => {
    using half = await open(causal, backend, { storage: 'f16' })
    using single = await open(causal, backend)
    const given = call(4)
    const prefix = await half.prefill({ ...given, ...sizes, lengths: [9, 4] })
    const expected = await single.prefill({ ...wide(given), ...sizes, lengths: [9, 4] })
    expect(prefix.out).toEqual(rounded(expected.out))
    const token = call(7, { ...sizes, length: 1 })
    const next = await single.step(expected.state, wide(token))
    const saved = await prefix.state.save()
    expect(await half.step(prefix.state, token)).toEqual(rounded(next))
    expect(await half.step(await half.restore(saved), token)).toEqual(rounded(next))
  })

  test('a Float16Array comes back where one is given', async () => {
    using half = await open(full, backend, { storage: 'f16' })
    const given = call(1)
    const q = new Float16(given.q.buffer)
    const out = await half.forward({
      q,
      k: new Float16(given.k.buffer),
      v: new Float16(given.v.buffer),
      ...sizes,
    })
    expect(out).toBeInstanceOf(Float16)
    expect(new Uint16Array(out.buffer)).toEqual(await half.forward({ ...given, ...sizes }))
  })

  test('a result beyond f16 is an error by name; other calls go on', async () => {
    using half = await open(unnormalised, backend, { storage: 'f16' })
    const q = halves(5 * 4, 1)
    const large = { q, k: q, v: Uint16Array.from({ length: 12 }, () => 0x7bff), length: 4 }
    await expect(half.forward(large)).rejects.toMatchObject({
      code: 'range',
      message: expect.stringMatching(/^a\.forward: results are larger than 65504/) as string,
    })
    const small = { q, k: q, v: new Uint16Array(12), length: 4 }
    expect(await half.forward(small)).toEqual(new Uint16Array(12))
  })

  test('a prompt whose result is beyond f16 leaves no state, and a token is one', async () => {
    using half = await open(unnormalised, backend, { storage: 'f16' })
    const v = (length: number) => Uint16Array.from({ length: 3 * length }, () => 0x7bff)
    const rows = (length: number) => ({ q: halves(5 * length, 1), k: halves(5 * length, 1), v: v(length) })
    const destroyed = vi.spyOn(states[backend].prototype, 'destroy')
    await expect(half.prefill({ ...rows(4), length: 4 })).rejects.toMatchObject({ code: 'range' })
    expect(destroyed).toHaveBeenCalledTimes(1)
    destroyed.mockRestore()
    const { state } = await half.prefill({ ...rows(1), v: new Uint16Array(3), length: 1 })
    const two = { ...rows(2), length: 2 }
    await expect(half.step(state, two as never)).rejects.toThrow(/one token; length is 2/)
  })

  test('arrays of f32 and mistaken options are refused', async () => {
    using half = await open(full, backend, { storage: 'f16' })
    const given = call(1)
    await expect(half.forward({ ...wide(given), ...sizes })).rejects.toThrow(
      'a.forward: q must be a Float16Array, a Uint16Array of the same bits or a GPUBuffer, since the storage is f16; it is a Float32Array.',
    )
    await expect(half.forward({ ...given, ...sizes, length: 8 })).rejects.toThrow(/q needs 240 numbers/)
    await expect(open(full, backend, { storage: 'f8' as never })).rejects.toThrow(
      "create of a: storage must be 'f32' or 'f16'; it is \"f8\".",
    )
  })
})

describe('buffers', () => {
  const upload = (data: Uint16Array): GPUBuffer => {
    const size = Math.ceil(data.length / 2) * 4
    const buffer = device.createBuffer({ size, usage: 0x80 | 0x4 | 0x8 })
    const whole = new Uint16Array(size / 2)
    whole.set(data)
    device.queue.writeBuffer(buffer, 0, whole)
    return buffer
  }
  const download = async (buffer: GPUBuffer, count: number): Promise<Uint16Array> => {
    const staging = device.createBuffer({ size: buffer.size, usage: 0x1 | 0x8 })
    const encoder = device.createCommandEncoder()
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size)
    device.queue.submit([encoder.finish()])
    await staging.mapAsync(1)
    return new Uint16Array(staging.getMappedRange().slice(0)).slice(0, count)
  }
  const uploaded = ({ q, k, v }: Halves) => ({ q: upload(q), k: upload(k), v: upload(v) })
  // An odd number of results.
  const odd = { batch: 1, heads: 1, kvHeads: 1, length: 9 }

  test('forward has the bits of the call on arrays, in an odd count, and leaves what lies behind', async () => {
    using half = await open(full, 'webgpu', { storage: 'f16' })
    const given = call(1, odd)
    const expected = await half.forward({ ...given, ...odd })
    const out = await half.forward({ ...uploaded(given), ...odd })
    expect(await download(out, 27)).toEqual(expected)
    const room = upload(Uint16Array.from({ length: 32 }, () => 0x1234))
    expect(await half.forward({ ...uploaded(given), ...odd, out: room })).toBe(room)
    expect(await download(room, 32)).toEqual(
      Uint16Array.of(...expected, 0x1234, 0x1234, 0x1234, 0x1234, 0x1234),
    )
  })

  test('overlapping calls run in their order, one reading what the one before wrote', async () => {
    const square = 'attention a { dim: 4 kernel: exp(dot(q, k)) }'
    using half = await open(square, 'webgpu', { storage: 'f16' })
    const first = { q: halves(24, 1), k: halves(24, 2), v: halves(24, 3) }
    const expected = await half.forward({
      ...first,
      v: await half.forward({ ...first, length: 6 }),
      length: 6,
    })
    const [q, k, v, between] = [first.q, first.k, first.v, new Uint16Array(24)].map(upload)
    const early = half.forward({ q: q!, k: k!, v: v!, out: between!, length: 6 })
    const late = half.forward({ q: q!, k: k!, v: between!, length: 6 })
    await early
    expect(await download(await late, 24)).toEqual(expected)
  })

  test('decoding', async () => {
    using half = await open(causal, 'webgpu', { storage: 'f16' })
    const [given, token] = [call(4), call(7, { ...sizes, length: 1 })]
    const onHost = await half.prefill({ ...given, ...sizes })
    const { out, state } = await half.prefill({ ...uploaded(given), ...sizes })
    expect(await download(out, onHost.out.length)).toEqual(onHost.out)
    const next = await half.step(onHost.state, token)
    expect(await download(await half.step(state, uploaded(token)), next.length)).toEqual(next)
  })

  test('encode: means of values alone, since commands cannot say that a result is too large', async () => {
    using half = await open(full, 'webgpu', { storage: 'f16' })
    const given = call(1, odd)
    const [buffers, out] = [uploaded(given), upload(new Uint16Array(27))]
    const encoder = device.createCommandEncoder()
    half.encode(encoder, { ...buffers, out }, odd)
    device.queue.submit([encoder.finish()])
    expect(await download(out, 27)).toEqual(await half.forward({ ...given, ...odd }))
    using other = await open(unnormalised, 'webgpu', { storage: 'f16' })
    expect(() => other.encode(device.createCommandEncoder(), { ...buffers, out }, odd)).toThrow(
      /^a\.encode: results may be larger than 65504/,
    )
  })

  test('a call that is refused leaves out as it was; a token may repeat the sizes, or leave them undefined', async () => {
    using half = await open(causal, 'webgpu', { storage: 'f16' })
    const one = { batch: 1, heads: 1, kvHeads: 1, length: 9 }
    const given = uploaded(call(1, one))
    await half.forward({ ...given, ...one })
    const out = upload(Uint16Array.from({ length: 28 }, () => 0x1234))
    await expect(half.forward({ ...given, ...one, out, lengths: [10] })).rejects.toThrow(RangeError)
    expect(await download(out, 28)).toEqual(Uint16Array.from({ length: 28 }, () => 0x1234))
    const { state } = await half.prefill({ ...uploaded(call(4)), ...sizes })
    const token = call(7, { ...sizes, length: 1 })
    const expected = await half.step(state.copy(), token)
    const next = await half.step(state, { ...uploaded(token), batch: undefined, heads: sizes.heads })
    expect(await download(next, expected.length)).toEqual(expected)
    half.destroy()
    await expect(half.forward({ ...given, ...one, out })).rejects.toMatchObject({ code: 'destroyed' })
  })

  test('mistakes: too few bytes, no STORAGE, a result beyond f16, two kinds', async () => {
    using half = await open(unnormalised, 'webgpu', { storage: 'f16' })
    const given = call(1, odd)
    const buffers = uploaded(given)
    await expect(half.forward({ ...buffers, ...odd, length: 10 })).rejects.toThrow(
      'a.forward: q needs 100 bytes, 2 × batch 1 × heads 1 × length 10 × dim 5; the buffer has 92.',
    )
    const odd54 = device.createBuffer({ size: 54, usage: 0x80 })
    await expect(half.forward({ ...buffers, v: odd54, ...odd })).rejects.toThrow(
      'a.forward: v needs 56 bytes, since f16 is read in words of 4; the buffer has 54.',
    )
    const plain = device.createBuffer({ size: 92, usage: 0x8 })
    await expect(half.forward({ ...buffers, q: plain, ...odd })).rejects.toThrow(/needs the usage STORAGE/)
    const v = upload(Uint16Array.from({ length: 27 }, () => 0x7bff))
    await expect(half.forward({ ...buffers, v, ...odd })).rejects.toMatchObject({ code: 'range' })
    await expect(half.forward({ ...buffers, v: given.v as never, ...odd })).rejects.toThrow(
      /all arrays or all GPUBuffer/,
    )
  })
})
