// Recurrences on kernels: the specs that have one, held to float64 at odd sizes, and outputs of other
// attentions; then a prefix, more rows behind its state, and a token at a time.
import { describe, expect, test } from 'vitest'
import type { Attention } from '../../runtime/index.ts'
import { enoughDevices, testDevice } from '../setup/test-devices.ts'
import { onWasm } from '../wasm/harness.ts'
import {
  compileFor,
  expected,
  forward,
  normals,
  onDevice,
  relativeError,
  tensors,
  weightsFor,
} from './harness.ts'
import type { Tensors, Weights } from './harness.ts'
import { rows } from './parts.ts'
import { textOf } from './small-specs.ts'

/** With rows that fill no four. */
const recurrenceOf = (name: string): string =>
  textOf(name)
    .replace(/^ {2}dim: .*$/m, '  dim: 10')
    .replace(/^ {2}value_dim: .*$/m, '  value_dim: 7')

const own = (settings: string): string =>
  `attention own { dim: 8 value_dim: 20 mask: causal normalize: none ${settings} }`

const output = 'output: rms(o + q[1] * v) * silu(z)'

const texts: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['gated_deltanet', 'gdn2', 'gla', 'kda', 'lightning', 'mamba2', 'rwkv7'].map((name) => [
      name,
      recurrenceOf(name),
    ]),
  ),
  'a decay of 0 for some tokens': own('inputs: a scalar feature: unit(x) decay: min(max(a, 0), 1)'),
  'a read by a number of each column': own(
    'inputs: u vector(value_dim) feature: unit(x) update: S + outer(k, v - sigmoid(u) * read(k))',
  ),
  'a filter of two rows without biases': own(
    'scale: 0.3 feature: unit(x) short_conv: 2 update: 0.9 * S + outer(k, v) output: o + v',
  ),
  'an output that sees features': own(
    `inputs: z vector(value_dim) scale: 0.3 feature: unit(x) update: 0.9 * S + outer(k, v) ${output}`,
  ),
  'an output of exact attention': own(
    `inputs: z vector(value_dim) scale: 0.3 kernel: exp(dot(q, k)) ${output}`,
  ),
  'several features, by what queries see alone': own(
    'inputs: a scalar feature: [x, silu(x) / (1 + position)] update: 0.9 * S - outer(k, a * (read(k) - v)) / 20',
  ),
}

/** More than two chunks, and an item that ends within one. */
const sizes = { length: 70, batch: 2, heads: 4, kvHeads: 2, lengths: [70, 41] } as const
const tolerance = 5e-6

const opened = async (text: string, where: string, weights: Weights): Promise<Attention> =>
  where === 'wasm'
    ? onWasm(compileFor('wasm', text), 2, weights)
    : onDevice(compileFor('webgpu', text), await testDevice(where), undefined, weights)

/** Rows of every tensor of a call. */
function part({ q, k, v, inputs }: Tensors, from: number, to: number): Tensors {
  const { length, batch, heads, kvHeads } = sizes
  const of = (tensor: Float32Array<ArrayBuffer>, count: number): Float32Array<ArrayBuffer> =>
    Float32Array.from(rows(tensor, length, tensor.length / (batch * count * length), from, to))
  return {
    q: of(q, heads),
    k: of(k, kvHeads),
    v: of(v, kvHeads),
    ...(inputs && {
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, one]) => [name, of(one, kvHeads)])),
    }),
  }
}

/** The first item of one tensor and the second of another. */
function halves(first: Float32Array, second: Float32Array): Float32Array<ArrayBuffer> {
  const half = first.length / 2
  return Float32Array.from([...first.subarray(0, half), ...second.subarray(half)])
}

const itemsOf = (first: Tensors, second: Tensors): Tensors => ({
  q: halves(first.q, second.q),
  k: halves(first.k, second.k),
  v: halves(first.v, second.v),
  ...(first.inputs && {
    inputs: Object.fromEntries(
      Object.entries(first.inputs).map(([name, one]) => [name, halves(one, second.inputs?.[name] ?? one)]),
    ),
  }),
})

/** Of a call that gives none of what it does without. */
const withoutBiases = (weights: Weights): Weights =>
  Object.fromEntries(Object.entries(weights).filter(([name]) => !name.endsWith('_bias')))

describe.each(Object.entries(texts))('%s', (name, text) => {
  const built = compileFor('wasm', text)
  const all = weightsFor(built, sizes)
  const weights = name.includes('without biases') ? withoutBiases(all) : all
  const given = tensors(built, sizes, 3, 0.7)
  const { lengths: __, ...whole } = sizes

  test.each(['wasm', ...enoughDevices])('on %s', async (where) => {
    using attention = await opened(text, where, weights)
    const short = await forward(attention, sizes, given)
    expect(relativeError(short, expected(built, sizes, given, undefined, weights))).toBeLessThan(tolerance)

    const long = expected(built, whole, given, undefined, weights)
    const wanted = (from: number, to: number): Float32Array =>
      rows(long, whole.length, built.model.valueDim, from, to)
    const { batch, heads, kvHeads } = whole
    const call = (from: number, to: number) => ({
      ...part(given, from, to),
      batch,
      heads,
      kvHeads,
      length: to - from,
    })
    const { out, state } = await attention.prefill(call(0, 3))
    expect(relativeError(out, wanted(0, 3))).toBeLessThan(tolerance)
    const more = await attention.prefill({ ...call(3, 67), state })
    expect(relativeError(more.out, wanted(3, 67))).toBeLessThan(tolerance)
    for (const token of [67, 68]) {
      const row = await attention.step(more.state, part(given, token, token + 1))
      expect(relativeError(row, wanted(token, token + 1))).toBeLessThan(tolerance)
    }

    const padded = await attention.prefill({ ...call(0, 5), lengths: Uint32Array.of(5, 2) })
    for (const [one, other] of [
      [5, 2],
      [6, 3],
    ] as const) {
      const token = itemsOf(part(given, one, one + 1), part(given, other, other + 1))
      const row = await attention.step(padded.state, token)
      const rowsOfItems = halves(wanted(one, one + 1), wanted(other, other + 1))
      expect(relativeError(row, rowsOfItems)).toBeLessThan(tolerance)
    }
  })

  test('has no gradients on kernels, and says so', async () => {
    using attention = await opened(text, 'wasm', weights)
    const dout = normals(2 * 4 * 70 * built.model.valueDim, 5)
    await expect(attention.backward({ ...given, ...whole, dout })).rejects.toThrow(/has no gradients/)
  })
})
