// What a state of decoding outlives, and what is refused before it is touched, on every backend.
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { compile, reference } from '../../compiler/index.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention, Backend } from '../../runtime/index.ts'
import type * as Packages from '../../runtime/node/packages.ts'
import { normals } from '../numeric/harness.ts'
import { countBuffers, testDevice } from './device.ts'

vi.mock('../../runtime/node/packages.ts', async (original) => {
  const actual = await original<typeof Packages>()
  const importPackage = (name: string) =>
    name === 'attnc' ? Promise.resolve({ reference }) : actual.importPackage(name)
  return { ...actual, importPackage }
})

const spec = 'attention a { dim: 4 value_dim: 2 feature: relu_features projections: 3 mask: causal }'
const tokens = (length: number) => ({
  q: normals(4 * length, 1),
  k: normals(4 * length, 2),
  v: normals(2 * length, 3),
})
const prefix = { ...tokens(3), length: 3 }

/** One, so that kernels are compiled once. */
const shared = testDevice()

async function open(backend: Backend, projection?: Float32Array, text = spec): Promise<Attention> {
  const target = backend === 'reference' ? 'webgpu' : backend
  const [module] = compile(text, { target }).modules
  const device = backend === 'webgpu' ? { device: await shared } : {}
  return createAttention(module!.program, { backend, projection, ...device })
}

test('what is refused keeps no buffers', async () => {
  const device = await shared
  const exact = 'attention a { dim: 4 value_dim: 2 kernel: exp(dot(q, k)) mask: causal }'
  const [module] = compile(exact, { target: 'webgpu' }).modules
  using attention = await createAttention(module!.program, { device })
  const { state } = await attention.prefill(prefix)
  const saved = await state.save()
  const buffers = countBuffers(device)
  await expect(attention.prefill({ ...prefix, lengths: [4] })).rejects.toThrow(RangeError)
  const [name] = Object.keys(saved.tensors)
  const short = { ...saved, tensors: { ...saved.tensors, [name!]: new Float32Array(1) } }
  await expect(attention.restore(short)).rejects.toThrow(/is expected to have/)
  expect(buffers.live).toBe(0)
})

describe.each(['webgpu', 'wasm', 'gpujs'] as const)('while %s is loaded for a call', (backend) => {
  const destroy = vi.fn()
  const call = (state: unknown) => ({ ...prefix, dout: normals(6, 4), state }) as never

  test('the copy of its state is freed, also where that fails', async () => {
    const [module] = compile(spec, { target: backend }).modules
    const device = backend === 'webgpu' ? { device: await shared } : {}
    const offline = async (): Promise<never> => Promise.reject(new Error('offline'))
    const program = { ...module!.program, later: offline, stateGradients: offline }
    using attention = await createAttention(program, { backend, ...device })
    for (const member of ['prefill', 'backward'] as const) {
      const state = { copy: () => ({ destroy }) }
      await expect(attention[member](call(state))).rejects.toThrow(/offline|must be one that prefill/)
      expect(destroy).toHaveBeenCalledOnce()
      destroy.mockClear()
    }
  })

  test('what is no state is left alone', async () => {
    for (const member of ['prefill', 'backward'] as const) {
      using attention = await open(backend)
      await expect(attention[member](call({ destroy }))).rejects.toThrow(/must be one that prefill/)
    }
    expect(destroy).not.toHaveBeenCalled()
  })
})

describe.each(['webgpu', 'wasm', 'gpujs', 'reference'] as const)('%s', (backend) => {
  let attention: Attention
  beforeAll(async () => {
    attention = await open(backend)
  })

  test('a step refused leaves the state as it was', async () => {
    const { state } = await attention.prefill(prefix)
    const refused = attention.step(state, { ...tokens(1), lengths: [1] } as never)
    await expect(refused).rejects.toMatchObject({ code: 'form' })
    const longer = attention.step(state, { ...tokens(1), length: 2 } as never)
    await expect(longer).rejects.toThrow(/one token; length is 2/)
    expect(state.position).toBe(3)
  })

  test('a state does not outlive its projection', async () => {
    const { state } = await attention.prefill(prefix)
    attention.redraw(9)
    await expect(attention.step(state, tokens(1))).rejects.toThrow(/since its projection was last drawn/)
    const { state: next } = await attention.prefill(prefix)
    await attention.step(next, tokens(1))
    expect(next.position).toBe(4)
  })

  test('the first calls are taken as they were made, whatever is drawn or written while they load', async () => {
    using fresh = await open(backend)
    const call = { ...tokens(3), length: 3 }
    const expected = await fresh.forward(call)
    const first = fresh.prefill(call)
    fresh.redraw(9)
    for (const tensor of [call.q, call.k, call.v]) tensor.fill(0)
    const { out, state } = await first
    expect(out).toEqual(expected)
    await expect(fresh.step(state, tokens(1))).rejects.toThrow(/since its projection was last drawn/)
    expect(await fresh.forward(prefix)).not.toEqual(expected)
  })

  test('the first state to be restored is what was saved, with the projection of then', async () => {
    using fresh = await open(backend)
    using other = await open(backend)
    const { state } = await fresh.prefill(prefix)
    const saved = await state.save()
    const expected = structuredClone(saved.tensors)
    const first = other.restore(saved)
    other.redraw(9)
    for (const tensor of Object.values(saved.tensors)) tensor.fill(0)
    const restored = await first
    expect((await restored.save()).tensors).toEqual(expected)
    await expect(other.step(restored, tokens(1))).rejects.toThrow(/since its projection was last drawn/)
  })

  test('a state that was saved is not taken up with another projection', async () => {
    const { state } = await attention.prefill(prefix)
    const saved = structuredClone(await state.save())
    await attention.step(await attention.restore(saved), tokens(1))
    using other = await open(
      backend,
      attention.projection!.map((entry) => -entry),
    )
    const refused = {
      code: 'projection',
      message: expect.stringMatching(/saved with another projection.*prefill again/) as unknown,
    }
    await expect(other.restore(saved)).rejects.toMatchObject(refused)
    // As states were saved before they said.
    await expect(other.restore({ ...saved, projection: undefined })).resolves.toMatchObject({ position: 3 })
  })

  test('what was not saved is not restored', async () => {
    const { state } = await attention.prefill(prefix)
    const saved = await state.save()
    const wrong: readonly [object, RegExp][] = [
      [{ position: NaN }, /saved position must be an integer from 0 to 2³⁰; it is NaN/],
      [{ position: -1 }, /saved position/],
      [{ positions: [1, 2] }, /saved positions must be an array of 1.*an Array/],
      [{ positions: [4] }, /integers from 0 to the position 3; one is 4/],
      [{ capacity: 2 }, /room for all 3 tokens/],
      [{ kvHeads: 2 }, /multiple of kvHeads/],
      [{ batch: '1' }, /saved batch must be an integer from 1 to 2³⁰; it is "1"/],
      [{ tensors: undefined }, /saved tensors must be an object; they are nothing/],
      [{ tensors: { ...saved.tensors, k: [1, 2] } }, /saved k must be a Float32Array; it is an Array/],
    ]
    await expect(attention.restore(null as never)).rejects.toThrow(
      /such as what save of a state gave; .* null/,
    )
    for (const [change, says] of wrong)
      await expect(attention.restore({ ...saved, ...change })).rejects.toThrow(says)
  })

  // The reference keeps no more than the caller's rows, and has nothing to free.
  if (backend === 'reference') return
  test('a state of a destroyed attention is neither copied nor saved', async () => {
    const { state } = await attention.prefill(prefix)
    attention.destroy()
    expect(() => state.copy()).toThrow(/destroyed/)
    await expect(state.save()).rejects.toMatchObject({ code: 'destroyed' })
  })

  test('a state whose attention is destroyed while it is saved is not saved', async () => {
    const fresh = await open(backend)
    const { state } = await fresh.prefill(prefix)
    const saved = state.save()
    fresh.destroy()
    await expect(saved).rejects.toMatchObject({ code: 'destroyed' })
  })
})

test('a step that the device refuses leaves no state that is half a token further', async () => {
  const device = await testDevice()
  const [module] = compile(spec).modules
  using attention = await createAttention(module!.program, { device })
  const { state } = await attention.prefill(prefix)
  const copy = state.copy()
  const buffer = (floats: number): GPUBuffer =>
    device.createBuffer({
      size: 4 * floats,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    })
  const out = buffer(2)
  out.destroy()
  await attention.prepareBackward({ wrt: ['state'] })
  const behind = { ...tokens(2), length: 2 }
  await attention.prefill({ ...behind, state })
  const refused = attention.step(state, { q: buffer(4), k: buffer(4), v: buffer(2), out })
  const readers = [
    attention.prefill({ ...behind, state }),
    attention.backward({ ...behind, dout: normals(4, 4), state }),
    state.save(),
  ]
  for (const one of [refused, ...readers]) await expect(one).rejects.toMatchObject({ code: 'gpu' })
  await expect(attention.step(state, tokens(1))).rejects.toThrow(/destroyed; go on from a copy/)
  await attention.step(copy, tokens(1))
  expect(copy.position).toBe(4)
})
