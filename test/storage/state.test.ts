// States of 16 bits a number: rows lose nothing, sums are rounded by chance, nothing overflows.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { compile, reference } from '../../compiler/index.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention, Backend, CreateOptions } from '../../runtime/index.ts'
import type * as Packages from '../../runtime/node/packages.ts'
import { narrow, widen } from '../../runtime/storage/half.ts'
import { bytesOf, restore, store } from '../../runtime/storage/state-halves.ts'
import { normals } from '../numeric/harness.ts'
import { testDevice } from '../runtime/device.ts'

vi.mock('../../runtime/node/packages.ts', async (original) => {
  const actual = await original<typeof Packages>()
  const importPackage = (name: string) =>
    name === 'attnc' ? Promise.resolve({ reference }) : actual.importPackage(name)
  return { ...actual, importPackage }
})

describe('numbers', () => {
  const ofF16 = Float32Array.from({ length: 0x1_0000 }, (_, half) => widen(Uint16Array.of(half))[0] ?? 0)
  const finite = ofF16.filter((value) => Number.isFinite(value))
  const kept = (numbers: Float32Array) => restore(store(numbers, undefined, 3), undefined)

  test('every number of f16 is kept, whatever stands beside it', () => {
    expect(kept(finite)).toEqual(finite)
    // The largest beside the smallest.
    const mixed = finite.map(
      (value, index) => finite[index % 2 === 0 ? index : finite.length - 1 - index] ?? value,
    )
    expect(kept(mixed)).toEqual(mixed)
    const ends = Float32Array.of(65504, 2 ** -24, 0, -0, -65504, 2 ** -14)
    expect(kept(ends)).toEqual(ends)
  })

  test('others are less than 2^-10 off, however large or small, and take half the bytes', () => {
    for (const size of [1e-44, 1e-38, 1e-20, 1, 7e4, 1e20, 5e37]) {
      const numbers = normals(1001, 5).map((value) => value * size)
      const found = kept(numbers)
      numbers.forEach((value, index) =>
        expect(Math.abs((found[index] ?? 0) - value)).toBeLessThanOrEqual(
          Math.abs(value) * 2 ** -10 + 2 ** -149,
        ),
      )
    }
    expect(bytesOf(store(normals(1001, 5), undefined, 0))).toBeLessThan(0.54 * 4 * 1001)
  })

  test('blocks that no power of two fits are kept whole', () => {
    const apart = Float32Array.of(1e30, 1.2345e-20, 3.3)
    expect(kept(apart)).toEqual(apart)
    const infinite = Float32Array.of(1.2345, Infinity, -Infinity, 3.3)
    expect(kept(infinite)).toEqual(infinite)
    const [first, second] = kept(Float32Array.of(NaN, 0.1))
    expect(first).toBeNaN()
    expect(second).toBe(Math.fround(0.1))
  })

  test('logarithms are kept as they are', () => {
    const numbers = normals(3 * 7, 2)
    const where = { each: 7, from: 5 }
    const found = restore(store(numbers, where, 0), where)
    const logarithms = (of: Float32Array) => of.filter((_, index) => index % 7 >= 5)
    expect(logarithms(found)).toEqual(logarithms(numbers))
    expect(found).not.toEqual(numbers)
  })

  test('a sum of many equal terms does not stand still', () => {
    let sum = new Float32Array(1)
    for (let turn = 0; turn < 20_000; turn++)
      sum = restore(
        store(
          sum.map((value) => value + 1),
          undefined,
          turn,
        ),
        undefined,
      ) as typeof sum
    // Eight standard deviations, √(Σ (i·2⁻¹¹)² / 3) at most; rounded to the nearest it would stay at 2,048.
    expect(Math.abs((sum[0] ?? 0) - 20_000)).toBeLessThan(8 * Math.sqrt(20_000 ** 3 / 9) * 2 ** -10)
  })
})

const exact = 'attention a { dim: 5 value_dim: 3 kernel: exp(dot(q, k)) mask: causal }'
const sums = 'attention a { dim: 5 value_dim: 3 feature: relu_features projections: 7 mask: causal }'
const scaled = 'attention a { dim: 5 value_dim: 3 feature: favor projections: 7 mask: causal }'

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

const both = { storage: 'f16', state: 'f16' } as const
const halves = (count: number, seed: number, size = 1) =>
  narrow(normals(count, seed).map((value) => size * value)).halves
const sizes = { batch: 2, heads: 3, kvHeads: 1, length: 9 }
const rows = (seed: number, length: number, size = 1) => ({
  q: halves(2 * 3 * length * 5, seed, size),
  k: halves(2 * length * 5, seed + 1, size),
  v: halves(2 * length * 3, seed + 2),
})

/** The outputs of a prompt and of tokens after it. */
async function decoded(attention: Attention, size = 1): Promise<Uint16Array[]> {
  const { out, state } = await attention.prefill({ ...rows(1, 9, size), ...sizes, lengths: [9, 4] })
  const outputs = [out]
  for (let token = 0; token < 5; token++)
    outputs.push(await attention.step(state, rows(10 + 3 * token, 1, size)))
  return outputs
}

describe.each(['webgpu', 'wasm', 'gpujs', 'reference'] as const)('%s', (backend) => {
  test('rows of keys and values: the bits of a state of f32', async () => {
    using half = await open(exact, backend, both)
    using single = await open(exact, backend, { storage: 'f16' })
    expect(await decoded(half)).toEqual(await decoded(single))
  })

  test.each([
    ['plain', sums, 1],
    ['scaled', scaled, 1],
    // Logarithms of a hundred and more.
    ['scaled by much', scaled, 12],
  ])('%s sums: near those of f32', async (_, text, size) => {
    using half = await open(text, backend, both)
    using single = await open(text, backend, { storage: 'f16' })
    const expected = (await decoded(single, size)).map((out) => widen(out))
    const found = (await decoded(half, size)).map((out) => widen(out))
    // Six roundings of sums, and one of a result; values are below 4.
    found.forEach((out, n) =>
      out.forEach((value, index) =>
        expect(Math.abs(value - (expected[n]?.[index] ?? 0))).toBeLessThan(4 * 6 * 2 * 2 ** -10),
      ),
    )
  })

  test('copies, saved states, overlapping tokens, refused ones and states that are gone', async () => {
    using half = await open(sums, backend, both)
    const { state } = await half.prefill({ ...rows(1, 9), ...sizes })
    const tokens = [rows(10, 1), rows(20, 1)] as const
    const [copy, again] = [state.copy(), await half.restore(await state.save())]
    const expected = [await half.step(state, tokens[0]), await half.step(state, tokens[1])]
    expect(state.positions).toEqual([11, 11])
    expect(await Promise.all(tokens.map((token) => half.step(copy, token)))).toEqual(expected)
    expect(again.position).toBe(9)
    await expect(half.step(again, { ...tokens[0], batch: 3 })).rejects.toThrow(
      /batch (is 2 in the state|3 × heads 3)/,
    )
    await expect(half.step(again, { ...tokens[0], v: halves(1, 1) })).rejects.toThrow(/v needs 6 numbers/)
    expect(again.position).toBe(9)
    const next = await half.step(again, tokens[0])
    expect(next).toHaveLength(expected[0]?.length ?? 0)
    again.destroy()
    await expect(half.step(again, tokens[0])).rejects.toMatchObject({ code: 'destroyed' })
    half.redraw(7)
    await expect(half.step(state, tokens[0])).rejects.toThrow(/since its projection was last drawn/)
    const single = await open(sums, backend, { storage: 'f16' })
    await expect(single.step(state, tokens[0])).rejects.toThrow(TypeError)
    single.destroy()
  })
})

test.each(['webgpu', 'wasm', 'gpujs'] as const)(
  '%s: logarithms of a state keep their bits',
  async (backend) => {
    const [module] = compile(scaled, { target: backend }).modules
    using half = await open(scaled, backend, both)
    using single = await open(scaled, backend, { storage: 'f16' })
    const saved = async (attention: Attention) => {
      const { state } = await attention.prefill({ ...rows(1, 9, 12), ...sizes })
      return (await state.save()).tensors
    }
    const [found, expected] = [await saved(half), await saved(single)]
    const last = (numbers: Float32Array, group: number) => {
      const end = ((group + 1) * numbers.length) / 2
      return Array.from(numbers.subarray(end - 7, end))
    }
    const names = (module?.program.forms.step?.buffers ?? []).filter(({ scales }) => scales)
    const logarithms = (tensors: Readonly<Record<string, Float32Array>>) =>
      names.flatMap(({ name }) => [0, 1].flatMap((group) => last(tensors[name] ?? new Float32Array(), group)))
    expect(logarithms(expected)).toHaveLength(2 * 7)
    expect(logarithms(found)).toEqual(logarithms(expected))
    expect(found).not.toEqual(expected)
  },
)

test('a state of f16 goes with tensors of f16', async () => {
  await expect(open(exact, 'wasm', { state: 'f16' })).rejects.toThrow(
    `create of a: state 'f16' goes with storage 'f16'; the storage is "f32". Give both, or neither.`,
  )
  await expect(open(exact, 'wasm', { storage: 'f16', state: 'f8' as never })).rejects.toThrow(
    `create of a: state must be 'f32' or 'f16'; it is "f8".`,
  )
  using single = await open(exact, 'wasm', { state: 'f32' })
  expect(single.name).toBe('a')
})

test('values as large as f16 has, summed: nothing overflows in a state', async () => {
  using half = await open(scaled, 'wasm', both)
  const v = (count: number) => Uint16Array.from({ length: count }, () => 0x7bff)
  const { state } = await half.prefill({ ...rows(1, 9), v: v(54), ...sizes })
  const out = widen(await half.step(state, { ...rows(5, 1), v: v(6) }))
  out.forEach((value) => expect(Math.abs(value - 65504)).toBeLessThan(65504 * 4 * 2 ** -10))
})
