import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { programFrom } from '../../compiler/codegen/description.ts'
import { createAttention } from '../../runtime/index.ts'
import type { AttentionState } from '../../runtime/index.ts'
import { compileOne } from '../numeric/harness.ts'
import { bufferWith, contentsOf, testDevice } from './device.ts'
import { largestDifference, numbers, randomCall, softmaxAttention } from './expected.ts'
import { copy, runningSum, softmax } from './programs.ts'

let device: GPUDevice
beforeAll(async () => {
  device = await testDevice()
})
afterAll(() => device.destroy())

/** The device with buffers of so many bytes at most. */
function narrowed(most: () => number): GPUDevice {
  const limits = new Proxy(device.limits, {
    get: (target, name: keyof GPUSupportedLimits) => (name === 'maxBufferSize' ? most() : target[name]),
  })
  return new Proxy(device, {
    get: (target, name: keyof GPUDevice) => {
      if (name === 'limits') return limits
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    },
  })
}

describe('arrays', () => {
  test('batches, grouped heads, key lengths and odd sizes agree with float64', async () => {
    using attention = await createAttention(programFrom(softmax(5, 3)), { device })
    for (const sizes of [
      { length: 1 },
      { length: 7, keyLength: 11, heads: 3 },
      { length: 33, batch: 2, heads: 4, kvHeads: 2, keyLength: 17 },
      { length: 2 },
    ]) {
      const call = randomCall(sizes, 5, 3)
      expect(largestDifference(await attention.forward(call), softmaxAttention(call, 5, 3))).toBeLessThan(
        1e-6,
      )
    }
  })

  test('lengths hide keys, for one call only', async () => {
    using attention = await createAttention(programFrom(softmax(4, 4)), { device })
    const call = randomCall({ length: 6, batch: 3 }, 4, 4)
    const lengths = [6, 2, 0]
    const out = await attention.forward({ ...call, lengths })
    expect(largestDifference(out, softmaxAttention(call, 4, 4, lengths))).toBeLessThan(1e-6)
    expect(out.slice(-24)).toEqual(new Float32Array(24))
    expect(largestDifference(await attention.forward(call), softmaxAttention(call, 4, 4))).toBeLessThan(1e-6)
  })

  test('calls overlap without an await, each with its own data as it was when the call was made', async () => {
    using attention = await createAttention(programFrom(softmax(4, 4)), { device })
    const calls = Array.from({ length: 40 }, (_, seed) =>
      randomCall({ length: 1 + (seed % 9), heads: 2 }, 4, 4, seed),
    )
    const expected = calls.map((call) => softmaxAttention(call, 4, 4))
    const pending = calls.map((call) => attention.forward(call))
    for (const { q, k, v } of calls) for (const tensor of [q, k, v]) tensor.fill(NaN)
    const out = await Promise.all(pending)
    for (const [index, result] of out.entries()) {
      expect(largestDifference(result, expected[index]!)).toBeLessThan(1e-6)
    }
  })

  test('views of shared memory and of parts of a buffer are copied', async () => {
    using attention = await createAttention(programFrom(copy), { device })
    const shared = new Float32Array(new SharedArrayBuffer(12))
    shared.set([1, 2, 3])
    const part = new Float32Array([9, 1, 2, 3, 9]).subarray(1, 4)
    for (const v of [shared, part]) {
      expect(await attention.forward({ q: shared, k: part, v, length: 3 })).toEqual(
        new Float32Array([1, 2, 3]),
      )
    }
  })

  test('more than 65,535 workgroups are folded', async () => {
    using attention = await createAttention(programFrom(copy), { device })
    const v = numbers(65_535 + 66, 3)
    expect(await attention.forward({ q: v, k: v, v, length: v.length })).toEqual(v)
  })

  test('scratch past a limit is used slice by slice', async () => {
    using attention = await createAttention(programFrom(softmax(2, 2)), { device })
    const sizes = { batch: 5, heads: 2, kvHeads: 1, length: 20 }
    const call = randomCall(sizes, 2, 2)
    const expected = softmaxAttention(call, 2, 2)
    let limit = 0
    using sliced = await createAttention(programFrom(softmax(2, 2)), { device: narrowed(() => limit) })
    // Room for the tensors and the scores of one group, which is two heads; then of three groups; then of all five.
    for (limit of [3200, 3 * 3200, 1e6]) {
      expect(largestDifference(await sliced.forward({ ...call }), expected)).toBeLessThan(1e-6)
    }
    limit = 3199
    await expect(sliced.forward(call)).rejects.toMatchObject({
      code: 'limit',
      message: expect.stringMatching(/scores.*maxBufferSize/s) as unknown,
    })
    expect(largestDifference(await attention.forward(call), expected)).toBeLessThan(1e-6)
  })

  test('what finds no room is named as its caller knows it, also behind a state', async () => {
    let most = 1e6
    const { program } = compileOne('attention a { dim: 2 feature: elu1 mask: causal }')
    using attention = await createAttention(program, { device: narrowed(() => most) })
    const { state } = await attention.prefill(randomCall({ length: 3 }, 2, 2))
    most = 100
    await expect(attention.prefill({ ...randomCall({ length: 30 }, 2, 2), state })).rejects.toMatchObject({
      code: 'limit',
      message: expect.stringMatching(/^a\.prefill/) as unknown,
    })
    state.destroy()
  })
})

describe('buffers', () => {
  test('a buffer in gives a buffer of the caller’s, and may be given where the result goes', async () => {
    using attention = await createAttention(programFrom(softmax(4, 4)), { device })
    const call = randomCall({ length: 6, heads: 2 }, 4, 4)
    const [q, k, v] = [bufferWith(device, call.q), bufferWith(device, call.k), bufferWith(device, call.v)]
    const sizes = { length: 6, heads: 2 }
    const first = await attention.forward({ q, k, v, ...sizes })
    const second = await attention.forward({ q, k, v, ...sizes, lengths: [3] })
    const out = bufferWith(device, new Float32Array(64))
    const lengths = bufferWith(device, new Uint32Array([3]))
    expect(await attention.forward({ q, k, v, ...sizes, lengths, out })).toBe(out)
    expect(first).not.toBe(second)
    attention.destroy()
    const whole = softmaxAttention(call, 4, 4)
    const part = softmaxAttention(call, 4, 4, [3])
    expect(largestDifference(await contentsOf(device, first, 48), whole)).toBeLessThan(1e-6)
    expect(largestDifference(await contentsOf(device, second, 48), part)).toBeLessThan(1e-6)
    expect(largestDifference(await contentsOf(device, out, 48), part)).toBeLessThan(1e-6)
  })

  test('the result of one call is the input of the next, without waiting', async () => {
    using attention = await createAttention(programFrom(copy), { device })
    const v = bufferWith(device, new Float32Array([1, 2, 3]))
    const middle = bufferWith(device, new Float32Array(3))
    const last = bufferWith(device, new Float32Array(3))
    await Promise.all([
      attention.forward({ q: v, k: v, v, length: 3, out: middle }),
      attention.forward({ q: v, k: v, v: middle, length: 3, out: last }),
    ])
    expect(await contentsOf(device, last, 3)).toEqual(new Float32Array([1, 2, 3]))
  })

  test('encode refuses lengths that no kernel reads', async () => {
    using attention = await createAttention(programFrom(copy), { device })
    const rows = bufferWith(device, Float32Array.of(1, 2))
    const buffers = { q: rows, k: rows, v: rows, out: bufferWith(device, new Float32Array(2)) }
    const lengths = bufferWith(device, Uint32Array.of(1))
    const encoder = device.createCommandEncoder()
    expect(() => attention.encode(encoder, { ...buffers, lengths }, { length: 2 })).toThrow(
      /^copy\.encode takes no lengths\.$/,
    )
    expect(() => attention.encode(encoder, buffers, { length: 2 })).not.toThrow()
  })

  test('encode records into the caller’s encoder, to be submitted after other calls', async () => {
    using attention = await createAttention(programFrom(softmax(4, 4)), { device })
    const calls = [randomCall({ length: 6 }, 4, 4, 1), randomCall({ length: 9, heads: 3 }, 4, 4, 2)]
    const encoder = device.createCommandEncoder()
    const outs = calls.map(({ q, k, v, length, heads }) => {
      const out = bufferWith(device, new Float32Array(heads * length * 4))
      const [qs, ks, vs] = [bufferWith(device, q), bufferWith(device, k), bufferWith(device, v)]
      attention.encode(encoder, { q: qs, k: ks, v: vs, out }, { length, heads })
      return out
    })
    // Longer than both: the scratch that was recorded is replaced meanwhile.
    await attention.forward({ ...randomCall({ length: 40, batch: 2 }, 4, 4), lengths: [1, 2] })
    device.queue.submit([encoder.finish()])
    for (const [index, call] of calls.entries()) {
      const out = await contentsOf(device, outs[index]!, call.heads * call.length * 4)
      expect(largestDifference(out, softmaxAttention(call, 4, 4))).toBeLessThan(1e-6)
    }
  })

  test('what the device refuses is an error of the call', async () => {
    using attention = await createAttention(programFrom(copy), { device })
    const v = bufferWith(device, new Float32Array(3))
    v.destroy()
    await expect(attention.forward({ q: v, k: v, v, length: 3 })).rejects.toMatchObject({ code: 'gpu' })
    const ones = new Float32Array([1, 1, 1])
    expect(await attention.forward({ q: ones, k: ones, v: ones, length: 3 })).toEqual(ones)
  })
})

describe('forms', () => {
  test('prefill and steps carry a state; two states do not mix', async () => {
    using attention = await createAttention(programFrom(runningSum), { device })
    const v = Float32Array.from({ length: 12 }, (_, index) => index + 1)
    const whole = await attention.forward({ q: v, k: v, v, length: 6, heads: 2 })
    expect([...whole]).toEqual([1, 3, 6, 10, 15, 21, 7, 15, 24, 34, 45, 57])

    const start = new Float32Array([1, 2, 3, 4, 7, 8, 9, 10])
    const first = attention.prefill({ q: start, k: start, v: start, length: 4, heads: 2 })
    // Arrays may be changed once a call is made, also while it has something to load.
    const kept = start.slice()
    start.fill(NaN)
    const { out, state } = await first
    start.set(kept)
    const other = await attention.prefill({ q: start, k: start, v: start, length: 4, heads: 2 })
    expect([...out]).toEqual([1, 3, 6, 10, 7, 15, 24, 34])
    expect(state.position).toBe(4)
    const rows = [new Float32Array([5, 11]), new Float32Array([6, 12])]
    const steps = rows.map((row) => attention.step(state, { q: row, k: row, v: row }))
    for (const row of rows) row.fill(NaN)
    expect((await Promise.all(steps)).map((row) => [...row])).toEqual([
      [15, 45],
      [21, 57],
    ])
    expect([state.position, other.state.position]).toEqual([6, 4])
    const row = bufferWith(device, new Float32Array([100, 200]))
    const next = await attention.step(other.state, { q: row, k: row, v: row })
    expect([...(await contentsOf(device, next, 2))]).toEqual([110, 234])
    state.destroy()
    other.state.destroy()
  })

  test('backward gives every gradient', async () => {
    using attention = await createAttention(programFrom(runningSum), { device })
    const x = new Float32Array([1, 2, 3])
    const { dq, dk, dv } = await attention.backward({ q: x, k: x, v: x, dout: x, length: 3 })
    expect([...dv]).toEqual([6, 5, 3])
    expect([[...dq], [...dk]]).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ])
  })

  test('a form that was not compiled is named', async () => {
    using attention = await createAttention(programFrom(copy), { device })
    const x = new Float32Array([1])
    const call = { q: x, k: x, v: x, length: 1 }
    const state: AttentionState = {
      position: 0,
      positions: [0],
      copy: () => state,
      save: () => Promise.reject(new Error('there is nothing to save')),
      destroy: () => {},
    }
    await expect(attention.prefill(call)).rejects.toMatchObject({
      code: 'form',
      message: expect.stringMatching(/has no prefill.*forward/) as unknown,
    })
    await expect(attention.step(state, call)).rejects.toMatchObject({ code: 'form' })
    await expect(attention.backward({ ...call, dout: x })).rejects.toMatchObject({ code: 'form' })
    await expect(attention.forward({ ...call, lengths: [1] })).rejects.toMatchObject({
      code: 'form',
      message: expect.stringMatching(/lengths/) as unknown,
    })
    expect(() => attention.redraw(1)).toThrow(/not projected/)
  })

  test('profile measures each dispatch where the device has a clock', async () => {
    const call = randomCall({ length: 8 }, 4, 4)
    using own = await createAttention(programFrom(softmax(4, 4)), { backend: 'webgpu' })
    const times = await own.profile(call)
    expect(times.map(({ kernel }) => kernel)).toEqual(['scores', 'means'])
    expect(times.every(({ nanoseconds }) => nanoseconds >= 0)).toBe(true)
    using bare = await createAttention(programFrom(softmax(4, 4)), { device })
    await expect(bare.profile(call)).rejects.toMatchObject({
      code: 'backend',
      message: expect.stringMatching(/timestamp-query/) as unknown,
    })
  })
})

describe('projection and weights', () => {
  test('they reach the kernels, and redraw and the caller’s own replace them', async () => {
    const program = programFrom(softmax(4, 4, true))
    const call = randomCall({ length: 3, heads: 2 }, 4, 4)
    const weights = { conv: new Float32Array([10, 0, 0, 20, 0, 0]) }
    using attention = await createAttention(program, { device, weights })
    const plain = softmaxAttention(call, 4, 4)
    const shifted = (by: number): Float64Array =>
      plain.map((entry, index) => entry + (index < 12 ? 10 : 20) + by)
    const drawn = attention.projection!
    expect(drawn.length).toBe(12)
    expect(largestDifference(await attention.forward(call), shifted(drawn[0]!))).toBeLessThan(1e-5)

    const before = attention.forward(call)
    attention.redraw(8)
    expect(attention.projection).not.toEqual(drawn)
    expect(largestDifference(await before, shifted(drawn[0]!))).toBeLessThan(1e-5)
    expect(largestDifference(await attention.forward(call), shifted(attention.projection![0]!))).toBeLessThan(
      1e-5,
    )
    attention.redraw(7)
    expect(attention.projection).toEqual(drawn)

    const projection = new Float32Array(12).fill(100)
    using own = await createAttention(program, { device, weights, projection })
    expect(largestDifference(await own.forward(call), shifted(100))).toBeLessThan(1e-4)
    await expect(own.forward(randomCall({ length: 3 }, 4, 4))).rejects.toThrow(
      /weights\.conv needs 3 numbers.*6/,
    )
  })
})
