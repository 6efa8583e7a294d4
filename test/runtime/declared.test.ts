// Attentions whose files declare data, as their modules run them on the float64 reference; some run on nothing else yet.
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

function programOf(text: string): Program {
  const { pending, modules } = compile(text)
  return pending[0]?.text?.program ?? modules[0]!.program
}
const reference64 = { backend: 'reference' } as const
const programFrom = (text: string): Program => compile(text).modules[0]!.program
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
      new TypeError('create of gated_deltanet needs weights: { A }, a Float32Array of 1 numbers per head.'),
    )
    await expect(attention.backward({ q, k, v, dout: v, ...sizes })).rejects.toThrow('has no gradients')
  })
})

describe('where there are no kernels', () => {
  afterEach(() => vi.restoreAllMocks())

  test('another backend is refused by name, and without one it is said once what runs', async () => {
    const exact = sized('softmax').replace(/^}/m, '  short_conv: 2\n}')
    const filters = { short_conv_q: draw(80, 1), short_conv_k: draw(80, 2), short_conv_v: draw(48, 3) }
    const from = { weights: filters }
    await expect(createAttention(programOf(exact), { backend: 'wasm', ...from })).rejects.toThrow(
      'attention with `short_conv` is unsupported on wasm yet',
    )
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const one = await createAttention(programOf(exact), from)
    await createAttention(programOf(exact), from)
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

describe('what has no log-sums', () => {
  const [given, two] = [draw(2 * 7 * 8, 1), { heads: 2, length: 7 }]
  const form: unknown = expect.objectContaining({ name: 'AttentionError', code: 'form' })

  test('recurrences, features and landmarks refuse lse', async () => {
    const attention = await open(text, { weights })
    await expect(attention.forward({ q, k, v, inputs, ...sizes, lse: true })).rejects.toEqual(form)
    const asked = { q: given, k: given, v: given, ...two, lse: true } as const
    for (const name of ['nystromformer', 'retnet', 'linear_transformer']) {
      const spec = sized(name)
        .replace('landmarks: 12', 'landmarks: 3')
        .replace(/^ *conv:.*$/m, '')
        .replace(/value_dim: +\d+/, 'value_dim: 8')
      const one = await createAttention(programFrom(spec.replace('dim: 40', 'dim: 8')), reference64)
      await expect(one.forward(asked)).rejects.toEqual(form)
    }
  })

  test('decoding refuses it', async () => {
    const attention = await open(text, { weights })
    const asked = { ...cut(0, 4), ...sizes, length: 4, lse: true }
    await expect(attention.prefill(asked)).rejects.toEqual(form)
    const { state } = await attention.prefill({ ...asked, lse: undefined })
    await expect(attention.step(state, { ...cut(4, 5), lse: true } as never)).rejects.toEqual(form)
  })
})

test('inputs are refused where the file declares none', async () => {
  const rows = draw(7 * 8, 1)
  const one = await createAttention(
    programFrom(sized('retnet').replace('value_dim: 40', 'value_dim: 8')),
    reference64,
  )
  await expect(one.forward({ q: rows, k: rows, v: rows, length: 7, inputs: { a: rows } })).rejects.toThrow(
    "inputs does not know 'a'. It takes nothing",
  )
})

describe('masks that are conditions', () => {
  const [rows7, one] = [draw(2 * 7 * 8, 1), { heads: 2, length: 7 }]
  const at = (from: number, to: number) =>
    Float32Array.from(
      [0, 1].flatMap((head) => [...rows7.subarray((head * 7 + from) * 8, (head * 7 + to) * 8)]),
    )
  const all = (of: Float32Array) => ({ q: of, k: of, v: of })

  test.each([
    ['gpt_oss', sized('gpt_oss').replace('< 128', '< 3'), { s: Float32Array.of(0.5, -1) }],
    ['gemma', sized('gemma').replace('< 4096', '< 3'), undefined],
    ['alibi', sized('alibi').replace('causal', 'i - j < 3 && j <= i'), undefined],
    ['document_mask', sized('document_mask'), undefined],
  ])('%s decodes', async (name, spec, weights) => {
    const attention = await open(spec, weights && { weights })
    expect(attention.causal).toBe(true)
    const document = Int32Array.of(0, 0, 0, 1, 1, 2, 2)
    const some = (from: number, to: number) =>
      name === 'document_mask' ? { inputs: { document: document.slice(from, to) } } : {}
    const whole = await attention.forward({ ...all(rows7), ...one, ...some(0, 7) })
    const { state } = await attention.prefill({ ...all(at(0, 5)), ...one, length: 5, ...some(0, 5) })
    const next = await attention.step(state, { ...all(at(5, 6)), ...some(5, 6) })
    expect(
      apart(
        next,
        [0, 1].flatMap((head) => [...whole.subarray((head * 7 + 5) * 8, (head * 7 + 6) * 8)]),
      ),
    ).toBeLessThan(1e-6)
  })

  test.each([
    [sized('alibi').replace('causal', 'i - j < 3'), 'its mask is not `causal`'],
    [sized('alibi').replace('causal', 'causal && i < length - 1'), 'it sees `length`'],
    [
      'attention a { dim: 8 projections: 8 feature: favor mask: causal stabilize: max 1e-4 output: 2 * o }',
      'stabilize: max takes maxima',
    ],
  ])('%s does not', async (spec, why) => {
    const attention = await open(spec)
    await expect(attention.prefill({ ...all(rows7), ...one })).rejects.toThrow(why)
  })
})

test('an attention that has kernels decodes with heads of values of their own, too', async () => {
  const spec = sized('retnet').replace(/value_dim: +40/, 'value_dim: 8')
  const one = await createAttention(programFrom(spec), reference64)
  const counts = { heads: 2, kvHeads: 1, valueHeads: 4, headOrder: 'tiled' } as const
  const of = (heads: number) => draw(heads * 7 * 8, heads)
  const part = (heads: number, from: number, to: number) =>
    Float32Array.from(
      Array.from({ length: heads }, (_, head) => [
        ...of(heads).subarray((head * 7 + from) * 8, (head * 7 + to) * 8),
      ]).flat(),
    )
  const from = (first: number, behind: number) => ({
    q: part(2, first, behind),
    k: part(1, first, behind),
    v: part(4, first, behind),
  })
  const whole = await one.forward({ ...from(0, 7), ...counts, length: 7 })
  const expected = (row: number) =>
    [0, 1, 2, 3].flatMap((head) => [...whole.subarray((head * 7 + row) * 8, (head * 7 + row + 1) * 8)])
  const { state } = await one.prefill({ ...from(0, 4), ...counts, length: 4 })
  expect(apart(await one.step(state, from(4, 5)), expected(4))).toBeLessThan(1e-6)
  const { out: fifth, state: next } = await one.prefill({ ...from(5, 6), length: 1, state })
  expect(apart(fifth, expected(5))).toBeLessThan(1e-6)
  const saved = await one.restore(structuredClone(await next.save()))
  expect(apart(await one.step(saved, from(6, 7)), expected(6))).toBeLessThan(1e-6)
})
