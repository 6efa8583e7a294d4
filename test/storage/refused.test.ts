// What is left behind, and what goes on, where a call or a `create` is refused, ended half-way, or overlapped by another.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { programFrom } from '../../compiler/codegen/description.ts'
import { compile, reference } from '../../compiler/index.ts'
import { Engine as GpujsEngine } from '../../runtime/backends/gpujs/engine.ts'
import { Engine as WasmEngine } from '../../runtime/backends/wasm/engine.ts'
import { Engine } from '../../runtime/backends/webgpu/engine.ts'
import { Staging } from '../../runtime/backends/webgpu/staging.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention, Backend, CreateOptions, Tensor } from '../../runtime/index.ts'
import type * as Packages from '../../runtime/node/packages.ts'
import { HalfDecoding } from '../../runtime/storage/half-decoding.ts'
import { narrow } from '../../runtime/storage/half.ts'
import { normals } from '../numeric/harness.ts'
import { countBuffers, testDevice } from '../runtime/device.ts'
import { runningSum } from '../runtime/programs.ts'

vi.mock('../../runtime/node/packages.ts', async (original) => {
  const actual = await original<typeof Packages>()
  const importPackage = (name: string) =>
    name === 'attnc' ? Promise.resolve({ reference }) : actual.importPackage(name)
  return { ...actual, importPackage }
})

const full = 'attention a { dim: 6 value_dim: 4 kernel: exp(dot(q, k)) }'
const odd = 'attention a { dim: 6 value_dim: 3 kernel: exp(dot(q, k)) }'
const causal = 'attention a { dim: 6 value_dim: 4 feature: relu_features projections: 7 mask: causal }'

let device: GPUDevice
let buffers: { created: number; live: number }
/** Buffers of at least so many bytes, and those of these names, are ones that the device refuses. */
let refused: { bytes?: number; label?: RegExp } = {}
beforeAll(async () => {
  device = await testDevice()
  const create = device.createBuffer.bind(device)
  device.createBuffer = (given) => {
    const { bytes = Infinity, label } = refused
    const isRefused = given.size >= bytes || label?.test(given.label ?? '') === true
    // To be mapped and to be bound cannot both be.
    return create(isRefused ? { ...given, usage: 0x81 } : given)
  }
  buffers = countBuffers(device)
})
afterAll(() => device.destroy())

function open(text: string, backend: Backend, options: CreateOptions = {}): Promise<Attention> {
  const target = backend === 'reference' ? 'webgpu' : backend
  const [module] = compile(text, { target }).modules
  return createAttention(module!.program, { backend, ...(backend === 'webgpu' && { device }), ...options })
}

const half = { storage: 'f16' } as const
const halves = (count: number, seed: number) => narrow(normals(count, seed)).halves
const rows = (length: number, valueDim = 4, seed = 1) => ({
  q: halves(6 * length, seed),
  k: halves(6 * length, seed + 1),
  v: halves(valueDim * length, seed + 2),
})
const wide = (length: number) => ({
  q: normals(6 * length, 1),
  k: normals(6 * length, 2),
  v: normals(4 * length, 3),
})
/** As the storage asks for them. */
const rowsFor = ({ storage }: CreateOptions, length: number): Record<'q' | 'k' | 'v', Tensor> =>
  storage === 'f16' ? rows(length) : wide(length)
const upload = (data: Uint16Array): GPUBuffer =>
  device.createBuffer({ size: Math.ceil(data.length / 2) * 4, usage: 0x80 | 0x4 | 0x8 })

describe('buffers', () => {
  test('results on the device leave nothing behind where nobody is asked whether they are too large', async () => {
    using attention = await open(odd, 'webgpu', half)
    const { q, k, v } = rows(5, 3)
    const given = { q: upload(q), k: upload(k), v: upload(v), length: 5 }
    const call = async () => (await attention.forward(given)).destroy()
    await call()
    const { live } = buffers
    for (let again = 0; again < 5; again++) await call()
    expect(buffers.live).toBe(live)
  })

  test.each([
    ['f32', {}],
    ['f16', half],
  ] as const)('%s: what is read when an attention is destroyed goes with it', async (_, options) => {
    const { live } = buffers
    const attention = await open(full, 'webgpu', options)
    const read = vi.spyOn(Staging.prototype, 'read')
    const pending = attention.forward({ ...rowsFor(options, 5), length: 5 })
    attention.destroy()
    await expect(pending).rejects.toMatchObject({ code: 'destroyed' })
    await Promise.allSettled(read.mock.results.map(({ value }) => value as Promise<unknown>))
    read.mockRestore()
    expect(buffers.live).toBe(live)
  })

  test.each([
    ['f32', {}],
    ['f16', half],
  ] as const)(
    '%s: a call after one that the device refused has buffers that it grants',
    async (_, options) => {
      using attention = await open(full, 'webgpu', options)
      const rowsOf = (length: number) => rowsFor(options, length)
      const expected = await attention.forward({ ...rowsOf(5), length: 5 })
      refused = { bytes: 4096 }
      await expect(attention.forward({ ...rowsOf(999), length: 999 })).rejects.toMatchObject({ code: 'gpu' })
      expect(await attention.forward({ ...rowsOf(5), length: 5 })).toEqual(expected)
      refused = {}
    },
  )

  test('a prompt that the device refuses leaves no state', async () => {
    using attention = await createAttention(programFrom(runningSum), { device, ...half })
    const two = { q: halves(2, 1), k: halves(2, 2), v: halves(2, 3), length: 2 }
    const { state } = await attention.prefill(two)
    state.destroy()
    const { live } = buffers
    refused = { label: /f16 beyond/ }
    await expect(attention.prefill(two)).rejects.toMatchObject({ code: 'gpu' })
    refused = {}
    expect(buffers.live).toBeLessThanOrEqual(live)
  })
})

describe('create', () => {
  test.each([/attnc narrow/, /^none$/])(
    'that fails half-way leaves nothing on the device: %s',
    async (label) => {
      const { live } = buffers
      const compileAsync = vi.spyOn(device, 'createComputePipelineAsync')
      compileAsync.mockImplementation((given) =>
        label.test(given.label ?? '')
          ? Promise.reject(new Error('refused'))
          : Promise.resolve(device.createComputePipeline(given)),
      )
      const decoding = vi.spyOn(HalfDecoding, 'open')
      decoding.mockRejectedValueOnce(new Error('refused'))
      await expect(open(causal, 'webgpu', { ...half, state: 'f16' })).rejects.toThrow('refused')
      compileAsync.mockRestore()
      decoding.mockRestore()
      expect(buffers.live).toBe(live)
    },
  )

  test.each(['wasm', 'gpujs'] as const)('nor in memory: %s', async (backend) => {
    const destroy = vi.fn()
    const decoding = vi.spyOn(HalfDecoding, 'open')
    decoding.mockImplementationOnce(async (attention) => {
      const end = attention.destroy.bind(attention)
      attention.destroy = () => {
        destroy()
        end()
      }
      throw new Error('refused')
    })
    await expect(open(causal, backend, { ...half, state: 'f16' })).rejects.toThrow('refused')
    decoding.mockRestore()
    expect(destroy).toHaveBeenCalledTimes(1)
  })
})

describe.each(['webgpu', 'wasm', 'gpujs', 'reference'] as const)('states of f16 on %s', (backend) => {
  const sixteen = { ...half, state: 'f16' } as const

  test('a token before another projection is drawn is one of the old projection', async () => {
    using attention = await open(causal, backend, sixteen)
    const { state } = await attention.prefill({ ...rows(4), length: 4 })
    const expected = await attention.step(state.copy(), rows(1, 4, 9))
    const [before, first] = [state.copy(), await attention.forward({ ...rows(4), length: 4 })]
    const pending = attention.step(before, rows(1, 4, 9))
    attention.redraw(7)
    const after = attention.forward({ ...rows(4), length: 4 })
    expect(await pending).toEqual(expected)
    expect(await after).not.toEqual(first)
    expect(await attention.forward({ ...rows(4), length: 4 })).toEqual(await after)
    await expect(attention.step(before, rows(1, 4, 9))).rejects.toThrow(/since its projection was last drawn/)
  })

  test('a copy from beside a token that is refused is where the state was', async () => {
    using attention = await open(causal, backend, sixteen)
    const { state } = await attention.prefill({ ...rows(4), length: 4 })
    const saved = await state.save()
    const wrong = attention.step(state, { ...rows(1), batch: 3 })
    const copy = state.copy()
    const [again, kept] = [attention.step(copy, rows(1)), copy.copy()]
    await expect(wrong).rejects.toThrow(/batch/)
    await again
    expect([state.position, copy.position, kept.position]).toEqual([4, 5, 5])
    expect(await state.save()).toEqual(saved)
  })
})

test('a copy from beside a token that the device refuses is gone, as the state is', async () => {
  using attention = await createAttention(programFrom(runningSum), { device })
  const [one, two] = [new Float32Array(1), new Float32Array(2)]
  const { state } = await attention.prefill({ q: two, k: two, v: two, length: 2 })
  const token = { q: one, k: one, v: one }
  const before = state.copy()
  const create = device.createCommandEncoder.bind(device)
  vi.spyOn(device, 'createCommandEncoder').mockImplementationOnce((given) => {
    const encoder = create(given)
    // Of a group that was never begun.
    encoder.popDebugGroup()
    return encoder
  })
  const pending = attention.step(state, token)
  const copy = state.copy()
  const further = copy.copy()
  await expect(pending).rejects.toMatchObject({ code: 'gpu' })
  for (const one of [state, copy, further])
    await expect(attention.step(one, token)).rejects.toMatchObject({ code: 'destroyed' })
  await attention.step(before, token)
  expect(before.position).toBe(3)
})

describe('gradients', () => {
  const call = { ...wide(4), dout: normals(16, 4), length: 4 }

  test.each([
    ['webgpu', Engine, 'prepare'],
    ['wasm', WasmEngine, 'beside'],
  ] as const)('%s: two first calls load one engine', async (backend, { prototype }, loads) => {
    using attention = await open(causal, backend)
    const loading = vi.spyOn(prototype as unknown as Record<typeof loads, () => unknown>, loads)
    const gradients = await Promise.all([attention.backward(call), attention.backward(call)])
    expect(gradients[0]).toEqual(gradients[1])
    expect(loading).toHaveBeenCalledTimes(1)
    loading.mockRestore()
  })

  test('a call that fails after another projection was drawn leaves that in use', async () => {
    using attention = await open(causal, 'gpujs')
    using other = await open(causal, 'gpujs')
    other.redraw(7)
    const expected = await other.forward({ ...wide(4), length: 4 })
    const pending = attention.backward(call)
    attention.redraw(7)
    const run = vi.spyOn(GpujsEngine.prototype, 'run')
    run.mockImplementationOnce(() => {
      throw new Error('refused')
    })
    await expect(pending).rejects.toThrow('refused')
    run.mockRestore()
    expect(await attention.forward({ ...wide(4), length: 4 })).toEqual(expected)
  })
})
