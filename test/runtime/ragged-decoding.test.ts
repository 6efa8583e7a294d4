// Prompts of unequal length, then token by token, on every backend: each batch item goes on at its own end.
import { describe, expect, test, vi } from 'vitest'
import { compile, reference } from '../../compiler/index.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention, AttentionState, Backend } from '../../runtime/index.ts'
import type * as Packages from '../../runtime/node/packages.ts'
import { normals } from '../numeric/harness.ts'
import { bufferWith, contentsOf, testDevice } from './device.ts'
import { largestDifference } from './expected.ts'

vi.mock('../../runtime/node/packages.ts', async (original) => {
  const actual = await original<typeof Packages>()
  const importPackage = (name: string) =>
    name === 'attnc' ? Promise.resolve({ reference }) : actual.importPackage(name)
  return { ...actual, importPackage }
})

const shared = testDevice()

async function open(text: string, backend: Backend): Promise<Attention> {
  const target = backend === 'gpujs' ? 'gpujs' : 'webgpu'
  const { modules, diagnostics } = compile(text, { target })
  if (modules[0] === undefined) throw new Error(diagnostics[0]?.message)
  const device = backend === 'webgpu' ? { device: await shared } : {}
  return createAttention(modules[0].program, { backend, ...device })
}

const backends = ['webgpu', 'gpujs', 'reference'] as const
const retention = 'attention r { dim: 1 feature: identity mask: causal decay: 0.5 normalize: none }'
const wide = 'dim: 3 value_dim: 2 mask: causal'
const turning = 'feature turning(x) = [relu(x) * cos(position / 9), relu(x) * sin(position / 9), 1]'
const specs = {
  'a decay': `attention a { ${wide} feature: elu1 decay: 1 - 2^(-1 - head) }`,
  'a decay of what is not divided': `attention a { ${wide} feature: identity normalize: none decay: 0.05 }`,
  'a decay beside exponentials': `attention a { ${wide} feature: favor projections: 5 decay: 0.7 }`,
  positions: `${turning} attention a { ${wide} feature: turning }`,
  'cached rows': `attention a { ${wide} kernel: exp(dot(q, k)) }`,
  'cached rows, with a coefficient': `attention a { ${wide} kernel: dot(q, k)^2 * exp(dot(q, k)) }`,
}

const [batch, heads, kvHeads, steps] = [4, 4, 2, 3]
const lengths = [3, 40, 0, 90]
const length = 100

/** For each batch item its whole sequence, [heads, lengths + steps, width]. */
const sequences = (of: number, width: number, seed: number): Float32Array<ArrayBuffer>[] =>
  lengths.map((count, item) => normals(of * (count + steps) * width, 10 * seed + item))

/** Rows from an item's `first` on, NaN past `end`, of every item: [batch, heads, count, width]. */
function rowsOf(
  parts: readonly Float32Array[],
  of: number,
  count: number,
  first: (item: number) => number,
  end: (item: number) => number,
): Float32Array<ArrayBuffer> {
  const rows = parts.flatMap((part, item) => {
    const whole = lengths[item]! + steps
    const width = part.length / (of * whole)
    return Array.from({ length: of * count }, (_, n) => {
      const [head, row] = [Math.floor(n / count), first(item) + (n % count)]
      const from = (head * whole + row) * width
      return row < end(item) ? [...part.subarray(from, from + width)] : new Array<number>(width).fill(NaN)
    }).flat()
  })
  return Float32Array.from(rows)
}

describe.each(backends)('%s', (backend) => {
  test('the numbers by hand', async () => {
    using attention = await open(retention, backend)
    const ones = (count: number) => new Float32Array(count).fill(1)
    const call = { q: ones(6), k: ones(6), v: ones(6), batch: 2, length: 3, lengths: [1, 3] }
    const { state } = await attention.prefill(call)
    expect([state.positions, state.position]).toEqual([[1, 3], 3])
    const next = await attention.step(state, { q: ones(2), k: ones(2), v: ones(2) })
    expect([...next]).toEqual([1.5, 1.875])
    expect(state.positions).toEqual([2, 4])
  })

  test.each(Object.entries(specs))('%s', async (_, text) => {
    using attention = await open(text, backend)
    using alone = await open(text, 'reference')
    const tensors = {
      q: sequences(heads, 3, 1),
      k: sequences(kvHeads, 3, 2),
      v: sequences(kvHeads, 2, 3),
    }
    const part = (count: number, first: (item: number) => number, end: (item: number) => number) => ({
      q: rowsOf(tensors.q, heads, count, first, end),
      k: rowsOf(tensors.k, kvHeads, count, first, end),
      v: rowsOf(tensors.v, kvHeads, count, first, end),
    })
    const prompt = part(
      length,
      () => 0,
      (item) => lengths[item]!,
    )
    const { state } = await attention.prefill({ ...prompt, batch, heads, kvHeads, length, lengths })
    const expected: Float32Array[] = []
    for (const [item, count] of lengths.entries()) {
      const own = { q: tensors.q[item]!, k: tensors.k[item]!, v: tensors.v[item]! }
      expected.push(await alone.forward({ ...own, heads, kvHeads, length: count + steps }))
    }
    let going: AttentionState = state
    for (let step = 0; step < steps; step++) {
      const token = part(
        1,
        (item) => lengths[item]! + step,
        () => Infinity,
      )
      const copy = going.copy()
      const saved = structuredClone(await going.save())
      expect(saved.positions).toEqual(lengths.map((count) => count + step))
      const out = await attention.step(going, token)
      expect(await attention.step(copy, token)).toEqual(out)
      going = await attention.restore(saved)
      expect(await attention.step(going, token)).toEqual(out)
      const right = rowsOf(
        expected,
        heads,
        1,
        (item) => lengths[item]! + step,
        () => Infinity,
      )
      expect(largestDifference(out, right)).toBeLessThan(1e-5 * (1 + Math.max(...right.map(Math.abs))))
    }
  })
})

describe('states that were saved', () => {
  const text = specs['cached rows']
  const ones = (count: number) => new Float32Array(count).fill(1)
  const row = (seed: number) => ({ q: normals(6, seed), k: normals(6, seed + 1), v: normals(4, seed + 2) })
  const prompt = { q: normals(30, 1), k: normals(30, 2), v: normals(20, 3), batch: 2, length: 5 }

  test('go from one device to another, with their positions', async () => {
    using here = await open(text, 'webgpu')
    using there = await open(text, 'gpujs')
    const { state } = await here.prefill({ ...prompt, lengths: [2, 5] })
    const moved = await there.restore(await state.save())
    const back = await here.restore(await moved.save())
    const right = await here.step(state, row(7))
    expect(await here.step(back, row(7))).toEqual(right)
    expect(largestDifference(await there.step(moved, row(7)), right)).toBeLessThan(1e-6)
  })

  test.each(backends)('%s: with one position for all, as they once were', async (backend) => {
    using attention = await open(text, backend)
    const { state } = await attention.prefill(prompt)
    const { positions, ...before } = await state.save()
    expect(positions).toEqual([5, 5])
    const restored = await attention.restore(before)
    expect(restored.positions).toEqual([5, 5])
    expect(await attention.step(restored, row(7))).toEqual(await attention.step(state, row(7)))
  })

  test('of the reference with keys of which it was said that they are none', async () => {
    using attention = await open(text, 'reference')
    const { state } = await attention.prefill({ ...prompt, lengths: [2, 5] })
    const tensors = { k: prompt.k, v: prompt.v, seen: Float32Array.of(1, 1, 0, 0, 0, 1, 1, 1, 1, 1) }
    const old = { name: 'a', position: 5, batch: 2, heads: 1, kvHeads: 1, capacity: 5, tensors }
    const restored = await attention.restore(old)
    expect(restored.positions).toEqual([2, 5])
    expect(await attention.step(restored, row(7))).toEqual(await attention.step(state, row(7)))
  })

  test('lengths on the device', async () => {
    const device = await shared
    using attention = await open(retention, 'webgpu')
    const tensor = (count: number) => bufferWith(device, ones(count))
    const counts = bufferWith(device, Uint32Array.of(1, 3))
    const call = { q: tensor(6), k: tensor(6), v: tensor(6), batch: 2, length: 3 }
    const { state } = await attention.prefill({ ...call, lengths: counts })
    expect(state.positions).toEqual([1, 3])
    const out = await attention.step(state, { q: tensor(2), k: tensor(2), v: tensor(2) })
    expect([...(await contentsOf(device, out, 2))]).toEqual([1.5, 1.875])
    const unreadable = device.createBuffer({ size: 8, usage: 0x80 })
    await expect(attention.prefill({ ...call, lengths: unreadable })).rejects.toThrow(/COPY_SRC/)
  })
})
