// Prefix, steps and states on gpu.js, of a program that keeps every row.
import { describe, expect, test } from 'vitest'
import { programFrom } from '../../compiler/codegen/description.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention } from '../../runtime/index.ts'
import { numbers } from '../runtime/expected.ts'
import { difference } from './difference.ts'
import { cachedMeans, softmaxCells } from './programs.ts'

const sizes = { batch: 2, heads: 4, kvHeads: 2 }
const [groups, perGroup, width] = [4, 2, 3]
const open = (): Promise<Attention> => createAttention(programFrom(cachedMeans(width)))

/** Values of so many tokens, [groups, length, width], out of one fixed stream. */
const stream = numbers(groups * 200 * width, 5)
const valueAt = (group: number, token: number, column: number): number =>
  stream[(group * 200 + token) * width + column]!
function values(from: number, length: number): Float32Array {
  return Float32Array.from({ length: groups * length * width }, (_, index) => {
    const [row, column] = [Math.floor(index / width), index % width]
    return valueAt(Math.floor(row / length), from + (row % length), column)
  })
}
const call = (from: number, length: number) => ({
  ...sizes,
  q: new Float32Array(8 * length),
  k: new Float32Array(groups * length),
  v: values(from, length),
})

/** [batch, heads, width] of one token. */
function meansAt(token: number): Float64Array {
  return Float64Array.from({ length: groups * perGroup * width }, (_, index) => {
    const group = Math.floor(index / width / perGroup)
    let sum = 0
    for (let row = 0; row <= token; row++) sum += valueAt(group, row, index % width)
    return sum / (token + 1)
  })
}

describe('decoding', () => {
  test('goes on from a prefix, past the room that it was given', async () => {
    using attention = await open()
    const { out, state } = await attention.prefill({ ...call(0, 60), length: 60 })
    expect(out.length).toBe(8 * 60 * width)
    expect(difference(out.subarray(59 * width, 60 * width), meansAt(59).subarray(0, width))).toBeLessThan(
      1e-5,
    )
    for (let token = 60; token < 70; token++) {
      expect(state.position).toBe(token)
      expect(difference(await attention.step(state, call(token, 1)), meansAt(token))).toBeLessThan(1e-5)
    }
    const saved = await state.save()
    expect(saved).toMatchObject({ name: 'cachedMeans', position: 70, capacity: 128, ...sizes })
    expect([...saved.tensors['count']!]).toEqual([70, 70, 70, 70])
    state.destroy()
  })

  test('copies and saved states go their own ways', async () => {
    using attention = await open()
    const { state } = await attention.prefill({ ...call(0, 3), length: 3 })
    const copy = state.copy()
    const saved = await state.save()
    await attention.step(state, { ...call(3, 1), v: new Float32Array(groups * width).fill(100) })
    const restored = await attention.restore(structuredClone(saved))
    state.destroy()
    for (const one of [copy, restored]) {
      expect(difference(await attention.step(one, call(3, 1)), meansAt(3))).toBeLessThan(1e-5)
      expect(one.position).toBe(4)
    }
    expect(saved.tensors['count']![0]).toBe(3)
    await expect(attention.step(state, call(3, 1))).rejects.toMatchObject({ code: 'destroyed' })
    expect(() => state.copy()).toThrow(/was destroyed/)
  })

  test('steps may overlap', async () => {
    using attention = await open()
    const { state } = await attention.prefill({ ...call(0, 1), length: 1 })
    const pending = [1, 2, 3].map((token) => attention.step(state, call(token, 1)))
    for (const [index, out] of (await Promise.all(pending)).entries())
      expect(difference(out, meansAt(index + 1))).toBeLessThan(1e-5)
  })

  test('states of others are refused', async () => {
    using attention = await open()
    using another = await open()
    using plain = await createAttention(programFrom(softmaxCells(1, 1)))
    const { state } = await attention.prefill({ ...call(0, 2), length: 2 })
    await expect(another.step(state, call(2, 1))).rejects.toThrow(TypeError)
    await expect(plain.step(state, call(2, 1))).rejects.toMatchObject({ code: 'form' })
    const saved = await state.save()
    await expect(attention.restore({ ...saved, tensors: { count: new Float32Array(4) } })).rejects.toThrow(
      /cache is expected to have 768 numbers; the saved state has none/,
    )
    await expect(attention.step(state, { ...call(2, 1), heads: 2 })).rejects.toThrow(
      /heads is 4 in the state/,
    )
  })
})
