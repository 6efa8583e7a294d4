// What forward keeps for backward: the same gradients, bit for bit, memory that is given back, and what is refused.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { leaveMachine, takeMachine } from '../../runtime/backends/wasm/machine.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention, Backend, CreateOptions } from '../../runtime/index.ts'
import { compileFor, full, normals, relativeError, weightsFor } from '../numeric/harness.ts'
import type { Sizes } from '../numeric/harness.ts'
import { bufferWith, contentsOf, countBuffers, countTraffic, testDevice } from './device.ts'

const head = 'attention a { dim: 6 value_dim: 5'
const texts = {
  exact: `${head} kernel: exp(dot(q, k)) mask: causal }`,
  factorised: `${head} feature: favor projections: 9 iid seed 1 mask: causal }`,
  landmarks: 'attention a { dim: 6 kernel: exp(dot(q, k)) landmarks: 4 segment_means conv: 3 }',
} as const

const shape: Sizes = { batch: 2, heads: 4, length: 37, lengths: [37, 20] }
const kvHeads = 2

let device: GPUDevice
let exact: Attention
let factorised: Attention
beforeAll(async () => {
  device = await testDevice()
  exact = await open('exact', 'webgpu')
  factorised = await open('factorised', 'webgpu')
})
afterAll(() => {
  exact.destroy()
  factorised.destroy()
  device.destroy()
})

function open(text: string, backend: Backend, options: CreateOptions = {}): Promise<Attention> {
  const built = compileFor(backend === 'wasm' ? 'wasm' : 'webgpu', texts[text as keyof typeof texts] ?? text)
  const weights = weightsFor(built, { heads: 4, length: 37 })
  return createAttention(built.program, {
    backend,
    weights,
    ...(backend === 'webgpu' && { device }),
    ...options,
  })
}

function callFor({ dim, valueDim }: Attention) {
  const { batch, heads, length } = full(shape)
  const { lengths = [] } = shape
  const call = {
    batch,
    heads,
    kvHeads,
    length,
    lengths,
    q: normals(batch * heads * length * dim, 1),
    k: normals(batch * kvHeads * length * dim, 2),
    v: normals(batch * kvHeads * length * valueDim, 3),
  }
  return { call, dout: normals(batch * heads * length * valueDim, 4) }
}

/** The same attention on WebGPU or on the processor: the kernels of landmarks take SwiftShader a minute to compile. */
const opened = {
  'exact, webgpu': () => exact,
  'factorised, webgpu': () => factorised,
  'exact, wasm': () => open('exact', 'wasm'),
  'factorised, wasm': () => open('factorised', 'wasm'),
  'landmarks, wasm': () => open('landmarks', 'wasm'),
}

test.each(Object.entries(opened))('gradients have the same bits: %s', async (name, open) => {
  const attention = await open()
  const { call, dout } = callFor(attention)
  const { out, kept } = await attention.forward({ ...call, keep: true })
  expect(relativeError(out, await attention.forward(call))).toBeLessThan(1e-5)
  const whole = await attention.backward({ ...call, dout })
  // Once more: it stays as it is.
  for (let times = 0; times < 2; times++)
    expect(await attention.backward({ ...call, dout, kept })).toEqual(whole)
  expect(whole.dk.some((entry) => entry !== 0)).toBe(true)
  // Walks of factorised attention leave nothing of forward.
  expect(kept.bytes > 0).toBe(name !== 'factorised, wasm')
  kept.destroy()
  if (name.endsWith('wasm')) attention.destroy()
})

test('the same on other backends, which keep nothing, and with heads inside rows', async () => {
  for (const backend of ['reference', 'gpujs', 'wasm'] as const) {
    using attention = await open('exact', backend)
    const { call, dout } = callFor(attention)
    const inside = { ...call, layout: 'blhd' as const }
    const { out, kept } = await attention.forward({ ...inside, keep: true })
    expect(out).toEqual(await attention.forward(inside))
    expect(await attention.backward({ ...inside, dout, kept })).toEqual(
      await attention.backward({ ...inside, dout }),
    )
    expect(kept.bytes === 0).toBe(backend !== 'wasm')
    kept.destroy()
  }
})

test('memory is in proportion to the length, and of the device until it is destroyed', async () => {
  const buffers = countBuffers(device)
  const bytesFor = async (length: number): Promise<number> => {
    const rows = new Float32Array(length * 6).fill(0.5)
    const call = { q: rows, k: rows, v: rows.subarray(0, length * 5), length }
    const { live } = buffers
    const { kept } = await exact.forward({ ...call, keep: true })
    expect(buffers.live).toBeGreaterThan(live)
    const { bytes } = kept
    kept.destroy()
    kept.destroy()
    return bytes
  }
  // Numerators, the denominator and the scale.
  await bytesFor(64)
  expect(await bytesFor(20)).toBe(20 * 7 * 4)
  const { live } = buffers
  for (let round = 0; round < 5; round++) expect(await bytesFor(64)).toBe(64 * 7 * 4)
  expect(buffers.live).toBe(live)
})

test('blocks of the processor are given back', async () => {
  using attention = await open('exact', 'wasm')
  const { call } = callFor(attention)
  const machine = takeMachine()
  const { heap } = machine
  const rounds = async (): Promise<number> => {
    for (let round = 0; round < 20; round++) (await attention.forward({ ...call, keep: true })).kept.destroy()
    await attention.forward(call)
    return heap.capacity - heap.left
  }
  expect(await rounds()).toBe(await rounds())
  leaveMachine(machine)
})

test('buffers in give buffers out, in recorded commands too, and nothing passes through the host', async () => {
  const { call, dout } = callFor(exact)
  const expected = await exact.backward({ ...call, dout })
  const given = Object.fromEntries(
    (['q', 'k', 'v'] as const).map((name) => [name, bufferWith(device, call[name])]),
  ) as Record<'q' | 'k' | 'v', GPUBuffer>
  const { lengths: _, q: __, k: ___, v: ____, ...sizes } = call
  const lengths = bufferWith(device, new Float32Array(new Uint32Array(call.lengths).buffer))
  const cotangents = bufferWith(device, dout)
  const [mapped] = countTraffic(device)
  const { kept } = await exact.forward({ ...given, ...sizes, lengths, keep: true })
  const gradients = await exact.backward({ ...given, ...sizes, lengths, dout: cotangents, kept })
  expect(mapped.count).toBe(0)
  expect(await contentsOf(device, gradients.dk, expected.dk.length)).toEqual(expected.dk)

  const [dq, dk, dv] = (['q', 'k', 'v'] as const).map((name) =>
    bufferWith(
      device,
      call[name].map(() => 0),
    ),
  ) as [GPUBuffer, GPUBuffer, GPUBuffer]
  const encoder = device.createCommandEncoder()
  const of = { ...given, lengths, dout: cotangents, dq, dk, dv }
  exact.encodeBackward(encoder, { ...of, kept }, sizes)
  device.queue.submit([encoder.finish()])
  expect(await contentsOf(device, dq, expected.dq.length)).toEqual(expected.dq)
  expect(await contentsOf(device, dv, expected.dv.length)).toEqual(expected.dv)
  kept.destroy()
})

test('slices of a call each have their own', async () => {
  const { call, dout } = callFor(exact)
  const expected = await exact.backward({ ...call, dout })
  // Room for the tensors, and for the scratch of a group.
  const narrow = new Proxy(device, {
    get: (target, name: keyof GPUDevice) => {
      const member: unknown = Reflect.get(target, name, target)
      if (name === 'limits')
        return new Proxy(device.limits, {
          get: (limits, name: keyof GPUSupportedLimits) => (name === 'maxBufferSize' ? 8000 : limits[name]),
        })
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    },
  })
  using sliced = await open('exact', 'webgpu', { device: narrow })
  const { kept } = await sliced.forward({ ...call, keep: true })
  expect(kept.bytes).toBe(2 * 4 * 37 * 7 * 4)
  expect(await sliced.backward({ ...call, dout, kept })).toEqual(expected)
  kept.destroy()
})

test('with the gradients of parameters, of the same projection', async () => {
  const { call, dout } = callFor(factorised)
  const wrt = ['projection'] as const
  const { kept } = await factorised.forward({ ...call, keep: true, wrt })
  expect(await factorised.backward({ ...call, dout, wrt, kept })).toEqual(
    await factorised.backward({ ...call, dout, wrt }),
  )
  await expect(factorised.backward({ ...call, dout, kept })).rejects.toThrow(
    'forward kept for a wrt, and the call has none; give both the same',
  )
  factorised.redraw(3)
  await expect(factorised.backward({ ...call, dout, wrt, kept })).rejects.toMatchObject({
    code: 'projection',
  })
  kept.destroy()
})

test('with the storage f16 all tensors are f32', async () => {
  using half = await open('exact', 'webgpu', { storage: 'f16' })
  const { call, dout } = callFor(half)
  const { out, kept } = await half.forward({ ...call, keep: true })
  expect(out).toEqual(await exact.forward(call))
  expect(await half.backward({ ...call, dout, kept })).toEqual(await exact.backward({ ...call, dout }))
  kept.destroy()
})

test('a call that is refused after another projection was drawn leaves that one to forward', async () => {
  const text = `${head} feature: favor projections: 9 iid seed 1 mask: causal }`
  using attention = await open(text, 'webgpu')
  const { call } = callFor(attention)
  const { maxStorageBufferBindingSize } = device.limits
  const limits = vi
    .spyOn(device, 'limits', 'get')
    .mockReturnValue({ maxStorageBufferBindingSize, maxBufferSize: 64 } as GPUSupportedLimits)
  const refused = attention.forward({ ...call, keep: true })
  attention.redraw(3)
  await expect(refused).rejects.toThrow(/^a.forward: the .* needs/)
  limits.mockRestore()
  const out = await attention.forward(call)
  using other = await open(text, 'webgpu')
  other.redraw(3)
  expect(out).toEqual(await other.forward(call))
})

test('what is not for a call is refused', async () => {
  const { call, dout } = callFor(exact)
  const { kept } = await exact.forward({ ...call, keep: true })
  const refused = (more: object, message: RegExp | string): Promise<void> =>
    expect(exact.backward({ ...call, dout, kept, ...more })).rejects.toThrow(message)
  await refused(
    { kept: { bytes: 8 } },
    'a.backward: kept must be what forward({ …, keep: true }) of this attention',
  )
  await refused({ lengths: [37, 21] }, 'forward kept for lengths [37, 20], and the call has [37, 21]')
  await refused({ lengths: undefined }, 'forward kept for lengths [37, 20], and the call has none')
  const row = { q: normals(6, 1), k: normals(6, 2), v: normals(5, 3), dout: normals(5, 4) }
  await refused(
    { ...row, batch: 1, heads: 1, kvHeads: 1, length: 1, lengths: [1] },
    'forward kept for length 37, and the call has length 1',
  )
  using other = await open('exact', 'wasm')
  await expect(other.backward({ ...call, dout, kept })).rejects.toThrow('of this attention')
  await expect(exact.forward({ ...call, keep: 'all' as unknown as true })).rejects.toThrow(
    'a.forward: keep must be true, or left out; it is "all"',
  )
  kept.destroy()
  await expect(exact.backward({ ...call, dout, kept })).rejects.toMatchObject({ code: 'destroyed' })
  using reference = await open('exact', 'reference')
  await expect(reference.backward({ ...call, dout, kept, wrt: ['state'] })).rejects.toThrow(
    "forward keeps nothing for calls with state, dstate or wrt: ['state']",
  )
  using inseparable = await open('attention h { dim: 6 kernel: exp(sum(tanh(q + k))) }', 'wasm')
  await expect(inseparable.forward({ ...callFor(inseparable).call, keep: true })).rejects.toMatchObject({
    code: 'form',
  })
})
