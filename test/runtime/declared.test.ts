// Attentions whose files declare data, as their modules run them: on the float64 reference, and on nothing else yet.
import { afterEach, describe, expect, test, vi } from 'vitest'
import { compile, reference } from '../../compiler/index.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention, CreateOptions, Program } from '../../runtime/index.ts'
import { sized } from '../numeric/small-specs.ts'
import { draw, published } from '../reference/published/call.ts'

vi.mock('../../runtime/node/packages.ts', async (original) => ({
  ...(await original<object>()),
  importPackage: () => Promise.resolve({ reference }),
}))

const programOf = (text: string): Program => compile(text).pending[0]!.text!.program
const open = (text: string, options: CreateOptions = {}): Promise<Attention> =>
  createAttention(programOf(text), { backend: 'reference', ...options })

const sizes = { batch: 2, heads: 2, kvHeads: 2, valueHeads: 4, length: 7 }
const text = sized('gated_deltanet')
const { inputs: call, out } = published(text, sizes)
const { q, k, v, inputs, weights } = call as unknown as {
  readonly [name in 'q' | 'k' | 'v']: Float32Array
} & { readonly [name in 'inputs' | 'weights']: Readonly<Record<string, Float32Array>> }

/** Rows from..to of [groups, length, width]. */
function rows(tensor: Float32Array, groups: number, from: number, to: number): Float32Array {
  const width = tensor.length / (groups * sizes.length)
  const parts = Array.from({ length: groups }, (_, group) => [
    ...tensor.subarray((group * sizes.length + from) * width, (group * sizes.length + to) * width),
  ])
  return Float32Array.from(parts.flat())
}

const cut = (from: number, to: number) => ({
  q: rows(q, 4, from, to),
  k: rows(k, 4, from, to),
  v: rows(v, 8, from, to),
  inputs: Object.fromEntries(Object.entries(inputs).map(([name, of]) => [name, rows(of, 8, from, to)])),
})

/** The largest difference. */
const apart = (found: ArrayLike<number>, expected: ArrayLike<number>): number =>
  found.length === expected.length
    ? Math.max(...Array.from(found, (entry, n) => Math.abs(entry - expected[n]!)))
    : Infinity

describe('a recurrence with a convolution, inputs and weights', () => {
  test('forward gives the rows of the reference', async () => {
    const attention = await open(text, { weights })
    expect(apart(await attention.forward({ q, k, v, inputs, ...sizes }), out)).toBeLessThan(1e-5)
  })

  test('prefill and steps give the same rows, before and after a state is saved', async () => {
    const attention = await open(text, { weights })
    const { out: first, state } = await attention.prefill({ ...cut(0, 4), ...sizes, length: 4 })
    const wide = Float32Array.from(out)
    expect(apart(first, rows(wide, 8, 0, 4))).toBeLessThan(1e-5)
    const { length: _, ...counts } = sizes
    expect(apart(await attention.step(state, { ...cut(4, 5), ...counts }), rows(wide, 8, 4, 5))).toBeLessThan(
      1e-5,
    )
    const other = await attention.restore(structuredClone(await state.save()))
    expect(apart(await attention.step(other, cut(5, 6)), rows(wide, 8, 5, 6))).toBeLessThan(1e-5)
    expect([state.position, other.position]).toEqual([5, 6])
  })

  test('a prefix goes on from a state', async () => {
    const attention = await open(text, { weights })
    const { state } = await attention.prefill({ ...cut(0, 3), ...sizes, length: 3 })
    const { out: rest, state: last } = await attention.prefill({ ...cut(3, 7), length: 4, state })
    expect(apart(rest, rows(Float32Array.from(out), 8, 3, 7))).toBeLessThan(1e-5)
    expect([state.position, last.position]).toEqual([3, 7])
  })

  test('heads may be inside rows', async () => {
    const attention = await open(text, { weights })
    const inside = (tensor: Float32Array, heads: number): Float32Array => {
      const width = tensor.length / (2 * heads * sizes.length)
      return Float32Array.from({ length: tensor.length }, (_, n) => {
        const [c, head, row] = [n % width, Math.floor(n / width) % heads, Math.floor(n / (width * heads)) % 7]
        const item = Math.floor(n / (width * heads * 7))
        return tensor[((item * heads + head) * 7 + row) * width + c]!
      })
    }
    const found = await attention.forward({
      q: inside(q, 2),
      k: inside(k, 2),
      v: inside(v, 4),
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, of]) => [name, inside(of, 4)])),
      ...sizes,
      layout: 'blhd',
    })
    expect(apart(found, inside(Float32Array.from(out), 4))).toBeLessThan(1e-5)
  })

  test('what a call or create lacks is said by name and size', async () => {
    const attention = await open(text, { weights })
    const forward = (more: object) => attention.forward({ q, k, v, inputs, ...sizes, ...more })
    await expect(forward({ inputs: { ...inputs, a: undefined } })).rejects.toThrow(
      'inputs.a must be a Float32Array; it is nothing',
    )
    await expect(forward({ inputs: { ...inputs, c: q } })).rejects.toThrow(
      "does not know 'c'. It takes a, b, z",
    )
    await expect(forward({ inputs: { ...inputs, b: q } })).rejects.toThrow(
      'inputs.b needs 56 numbers, batch 2 × valueHeads 4 × keyLength 7; it has',
    )
    await expect(forward({ valueHeads: 3 })).rejects.toThrow('must be a multiple of the others')
    await expect(
      open(text, { weights: { ...weights, A: new Float32Array(3) } }).then((one) =>
        one.forward({ q, k, v, inputs, ...sizes }),
      ),
    ).rejects.toThrow('weights.A needs 4 numbers, outputHeads 4')
    const { A: _, ...few } = weights
    await expect(open(text, { weights: few })).rejects.toThrow(
      'needs weights: { A }, a Float32Array of 1 numbers per head',
    )
    await expect(attention.backward({ q, k, v, dout: v, ...sizes })).rejects.toThrow('has no gradients')
  })
})

describe('where there are no kernels', () => {
  afterEach(() => vi.restoreAllMocks())

  test('another backend is refused by name, and without one it is said once what runs', async () => {
    await expect(createAttention(programOf(text), { backend: 'wasm', weights })).rejects.toThrow(
      'attention with `short_conv` is unsupported on wasm yet',
    )
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const one = await createAttention(programOf(text), { weights })
    await createAttention(programOf(text), { weights })
    expect(one.backend).toBe('reference')
    expect(warn.mock.calls.map(([words]) => String(words))).toEqual([
      expect.stringContaining('is unsupported on webgpu yet'),
    ])
  })
})

test('integers, and log-sums', async () => {
  const documents = sized('document_mask')
  const attention = await open(documents)
  const [rowsOf, count] = [draw(2 * 7 * 8, 1), 7]
  const document = Int32Array.of(0, 0, 0, 1, 1, 2, 2)
  const given = { q: rowsOf, k: rowsOf, v: rowsOf, heads: 2, length: count, inputs: { document } }
  const { out: found, lse } = await attention.forward({ ...given, lse: true })
  expect(found).toEqual(await attention.forward(given))
  // A row that sees itself alone is its value, and its log-sum its own score.
  expect(found.subarray(3 * 8, 4 * 8)).toEqual(rowsOf.subarray(3 * 8, 4 * 8))
  const own = rowsOf.subarray(3 * 8, 4 * 8).reduce((sum, entry) => sum + entry * entry, 0) / Math.sqrt(8)
  expect(lse[3]).toBeCloseTo(own, 5)
  await expect(
    attention.forward({ ...given, inputs: { document: Float32Array.of(0, 0, 0.5, 1, 1, 2, 2) } }),
  ).rejects.toThrow('must hold integers of at most 2²⁴; it holds 0.5')
})
