// A sequence in pieces, of any lengths, is the whole sequence: on every backend, beside float64 of the whole.
import { describe, expect, test, vi } from 'vitest'
import { reference } from '../../compiler/index.ts'
import type { AttentionState, Backend } from '../../runtime/index.ts'
import { narrow, widen } from '../../runtime/storage/half.ts'
import type * as Packages from '../../runtime/node/packages.ts'
import { normals, relativeError } from '../numeric/harness.ts'
import { bufferWith, contentsOf } from './device.ts'
import {
  batch,
  counted,
  heads,
  inputs,
  kvHeads,
  open,
  pieces,
  rowsOf,
  shared,
  specs,
  totals,
  wholeOf,
  zeroed,
} from './pieces.ts'

vi.mock('../../runtime/node/packages.ts', async (original) => {
  const actual = await original<typeof Packages>()
  const importPackage = (name: string) =>
    name === 'attnc' ? Promise.resolve({ reference }) : actual.importPackage(name)
  return { ...actual, importPackage }
})

/** Each where the others leave something out; kernels of WebGPU take a software device seconds to compile. */
const few = [
  'cached rows',
  'plain sums',
  'plain sums that are mended',
  'positions, projections and a decay',
] as const
const cases: Readonly<Record<string, readonly (keyof typeof specs)[]>> = {
  reference: ['a decay'],
  webgpu: few.slice(2),
  wasm: Object.keys(specs) as (keyof typeof specs)[],
  gpujs: few,
}

describe.each(Object.entries(cases))('%s', (backend, names) => {
  test.each(names)('%s', async (name) => {
    const { [name]: text } = specs
    using attention = await open(text, backend as Backend)
    const whole = await wholeOf(text)
    let going: AttentionState | undefined
    let from: readonly number[] = [0, 0]
    for (const [length, lengths] of pieces) {
      const tensors = {
        q: zeroed(rowsOf(inputs.q, heads, length, from, lengths)),
        k: rowsOf(inputs.k, kvHeads, length, from, lengths),
        v: rowsOf(inputs.v, kvHeads, length, from, lengths),
      }
      const before: AttentionState | undefined = going
      const sizes = { batch, heads, kvHeads, length, lengths }
      const { out, state } = await attention.prefill({ ...tensors, ...sizes, state: before })
      const wanted = rowsOf(whole, heads, length, from, lengths)
      expect(relativeError(counted(out, wanted), zeroed(wanted))).toBeLessThan(3e-6)
      expect(before?.positions ?? [0, 0]).toEqual(from)
      from = from.map((position, item) => position + (lengths[item] ?? 0))
      expect(state.positions).toEqual(from)
      before?.destroy()
      going = state
    }
    expect(from).toEqual(totals)
    going?.destroy()
  })
})

/** Rows of a call with one item and two heads, from a row on. */
const some = (from: number, length: number) => ({
  q: rowsOf(inputs.q.slice(0, 1), 4, length, [from], [length]).slice(0, 6 * length),
  k: rowsOf(inputs.k.slice(0, 1), 2, length, [from], [length]),
  v: rowsOf(inputs.v.slice(0, 1), 2, length, [from], [length]),
  length,
})

test.each(['reference', 'wasm', 'gpujs'] as const)(
  '%s: a state stays as it is, for another continuation, and says what is wrong',
  async (backend) => {
    using attention = await open(specs['a decay'], backend)
    using other = await open(specs['a decay'], backend)
    const { state } = await attention.prefill({ ...some(0, 5), heads: 2 })
    const once = await attention.prefill({ ...some(5, 3), state })
    const twice = await attention.prefill({ ...some(5, 3), state, heads: 2, layout: 'bhld' })
    expect(twice.out).toEqual(once.out)
    const [before, after] = [await state.save(), await once.state.save()]
    expect([before.position, after.position]).toEqual([5, 8])
    const inside = turned(some(5, 3))
    const alike = await attention.prefill({ ...inside, state, layout: 'blhd' })
    expect(relativeError(turnedBack(alike.out, 3), once.out)).toBe(0)
    // Tokens and rows are the same.
    const tokens: number[][] = []
    for (const row of [5, 6, 7]) {
      const { q, k, v } = some(row, 1)
      tokens.push([...(await attention.step(state, { q, k, v }))])
    }
    const rows = [0, 1, 2].map((row) =>
      [0, 1].flatMap((head) => [...once.out.subarray((head * 3 + row) * 2, (head * 3 + row + 1) * 2)]),
    )
    expect(relativeError(tokens.flat(), rows.flat())).toBeLessThan(1e-6)

    const wrong = (call: object) => attention.prefill({ ...some(0, 2), state, ...call })
    await expect(wrong({ batch: 2 })).rejects.toThrow(/prefill: batch is 1 in the state and 2 in the call/)
    await expect(wrong({ heads: 4 })).rejects.toThrow(/heads is 2 in the state and 4/)
    await expect(wrong({ keyLength: 3 })).rejects.toThrow(/as many keys as queries|k needs/)
    await expect(wrong({ state: {} })).rejects.toThrow(/prefill: the state must be one that prefill of this/)
    await expect(other.prefill({ ...some(0, 2), state })).rejects.toThrow(/the state must be one/)
    state.destroy()
    await expect(wrong({})).rejects.toMatchObject({ code: 'destroyed' })
    for (const one of [once, twice, alike]) one.state.destroy()
  },
)

/** Heads inside rows, of 2 heads. */
function turned({ q, k, v, length }: ReturnType<typeof some>) {
  const turn = (tensor: Float32Array) => {
    const width = tensor.length / (2 * length)
    return tensor.map((_, n) => {
      const [row, head, column] = [Math.floor(n / (2 * width)), Math.floor(n / width) % 2, n % width]
      return tensor[(head * length + row) * width + column] as number
    })
  }
  return { q: turn(q), k: turn(k), v: turn(v), length }
}
const turnedBack = (out: Float32Array, length: number): Float32Array =>
  out.map((_, n) => {
    const [head, row, column] = [Math.floor(n / (2 * length)), Math.floor(n / 2) % length, n % 2]
    return out[(row * 2 + head) * 2 + column] as number
  })

test('f16: tensors, and states in half the memory', async () => {
  const text = 'attention a { dim: 4 value_dim: 2 mask: causal feature: favor projections: 6 }'
  using attention = await open(text, 'wasm', { storage: 'f16', state: 'f16' })
  using whole = await open(text, 'wasm', { storage: 'f16' })
  const halves = (count: number, seed: number) => narrow(normals(count, seed, 0.5)).halves
  const call = { q: halves(80, 1), k: halves(80, 2), v: halves(40, 3) }
  const rows = (from: number, to: number) => ({
    q: call.q.slice(from * 4, to * 4),
    k: call.k.slice(from * 4, to * 4),
    v: call.v.slice(from * 2, to * 2),
    length: to - from,
  })
  const out = await whole.forward({ ...call, length: 20 })
  const first = await attention.prefill(rows(0, 7))
  const second = await attention.prefill({ ...rows(7, 8), state: first.state })
  const third = await attention.prefill({ ...rows(8, 20), state: second.state })
  const together = [first, second, third].flatMap((one) => [...widen(one.out)])
  expect(relativeError(together, widen(out))).toBeLessThan(2e-3)
  await expect(whole.prefill({ ...rows(0, 2), state: first.state })).rejects.toThrow(/the state must be one/)
  // Gradients have tensors of f32.
  const wide = { q: normals(8, 1), k: normals(8, 2), v: normals(4, 3), dout: normals(4, 4), length: 2 }
  const { dstate } = await attention.backward({ ...wide, state: first.state, wrt: ['state'] })
  expect(dstate?.positions).toEqual([7])
})

test('rows and their lengths in buffers', async () => {
  const device = await shared
  const text = specs['cached rows']
  using attention = await open(text, 'webgpu')
  using alone = await open(text, 'wasm')
  const buffers = ({ q, k, v, length }: ReturnType<typeof some>) => ({
    q: bufferWith(device, q),
    k: bufferWith(device, k),
    v: bufferWith(device, v),
    length,
    heads: 2,
  })
  const lengths = bufferWith(device, Uint32Array.of(2))
  const first = await attention.prefill({ ...buffers(some(0, 5)), lengths })
  const second = await attention.prefill({ ...buffers(some(2, 4)), lengths, state: first.state })
  expect([first.state.positions, second.state.positions]).toEqual([[2], [4]])
  const third = await attention.prefill({ ...buffers(some(4, 3)), state: second.state })
  const whole = await alone.forward({ ...some(0, 7), heads: 2 })
  const found = await contentsOf(device, third.out, 12)
  const wanted = [0, 1].flatMap((head) => [...whole.subarray((head * 7 + 4) * 2, (head + 1) * 14)])
  expect(relativeError(found, wanted)).toBeLessThan(1e-6)
})
