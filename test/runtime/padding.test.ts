// Rows that only fill up a batch, of queries as of keys, on every backend: what counts is as if alone.
import { describe, expect, test, vi } from 'vitest'
import { compile, reference } from '../../compiler/index.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention, Backend } from '../../runtime/index.ts'
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
const cosine = 'attention a { dim: 1 feature: cosformer }'
const means = 'attention a { dim: 1 kernel: exp(dot(q, k)) landmarks: 2 segment_means }'

/** So many numbers, then nothing that anybody may look at. */
const padded = (numbers: readonly number[], rows: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: rows }, (_, row) => numbers[row] ?? Number.NaN)

/** The largest difference from what is expected of the first rows. */
const gap = (found: Float32Array, expected: ArrayLike<number>): number =>
  largestDifference(found.subarray(0, expected.length), expected)

describe.each(backends)('%s, by hand', (backend) => {
  test('the length that a feature sees is the item’s', async () => {
    using attention = await open(cosine, backend)
    const [ones, v] = [padded([1, 1], 8), padded([0, 1], 8)]
    // Row 1 weighs itself by 1 and row 0 by cos(π / 4).
    const right = [Math.cos(Math.PI / 4) / (1 + Math.cos(Math.PI / 4)), 1 / (1 + Math.cos(Math.PI / 4))]
    expect(
      gap(await attention.forward({ q: ones, k: ones, v, length: 8, lengths: [2] }), right),
    ).toBeLessThan(1e-4)
    const alone = { k: ones.slice(0, 2), v: v.slice(0, 2), keyLength: 2 }
    expect(
      gap(await attention.forward({ q: ones, ...alone, length: 8, queryLengths: [2] }), right),
    ).toBeLessThan(1e-4)
    const counted = { length: 8, lengths: [2], queryLengths: [8] }
    const longer = await attention.forward({ q: new Float32Array(8).fill(1), k: ones, v, ...counted })
    expect(longer[1]).toBeCloseTo(
      Math.cos(Math.PI / 4 - Math.PI / 16) / (Math.cos(Math.PI / 4 - Math.PI / 16) + Math.cos(Math.PI / 16)),
      4,
    )
  })

  test('the means of segments are of the item’s rows', async () => {
    using attention = await open(means, backend)
    const [q, v] = [padded([1, -1, 2], 6), padded([0, 1, 5], 6)]
    const right = [3.5512, 0.7667, 4.7858]
    expect(gap(await attention.forward({ q, k: q, v, length: 6, lengths: [3] }), right)).toBeLessThan(1e-4)
    const alone = { k: q.slice(0, 3), v: v.slice(0, 3), keyLength: 3 }
    expect(gap(await attention.forward({ q, ...alone, length: 6, queryLengths: [3] }), right)).toBeLessThan(
      1e-4,
    )
  })
})

const feature = 'feature f(x, w) = exp(dot(w, x) * (1 + position / length) / 2)'
const small = 'dim: 3 value_dim: 2'
const randomised = {
  'a feature of the length': `attention a { ${small} feature: cosformer }`,
  'with the papers’ maxima': `${feature} attention a { ${small} feature: f projections: 6 stabilize: max 1e-3 }`,
  'with the papers’ maxima, causal': `${feature} attention a {
    ${small} feature: f projections: 6 stabilize: max 1e-3 mask: causal
  }`,
  'through projections, decaying': `${feature} attention a {
    ${small} feature: f projections: 6 mask: causal decay: 0.9
  }`,
  'means of segments': means,
  exact: `attention a { ${small} kernel: exp(dot(q, k)) }`,
  'a mask by length': `attention a { ${small} kernel: exp(dot(q, k)) mask: j >= i * length / 40 }`,
}

describe.each(backends)('%s, beside sequences alone', (backend) => {
  test.each(Object.entries(randomised))('%s', async (_, text) => {
    using attention = await open(text, backend)
    const rows = [0, 2, 3, 4, 9, 40]
    expect(await compare(attention, text, rows, rows, { lengths: rows })).toBeLessThan(1e-4)
    const keys = [3, 41, 1, 9, 2, 5]
    expect(await compare(attention, text, rows, keys, { lengths: keys, queryLengths: rows })).toBeLessThan(
      1e-4,
    )
  })
})

describe.each(['webgpu', 'reference'] as const)('%s, where the queries are the keys', (backend) => {
  const text = 'attention a { dim: 3 value_dim: 2 kernel: exp(dot(q, k)) buckets: 4 rounds 2 chunk 4 seed 1 }'
  const counts = [0, 2, 3, 4, 9, 40]
  const all = counts.map(() => 40)
  test.each([
    { lengths: counts },
    { queryLengths: counts },
    { lengths: all, queryLengths: counts },
    { lengths: counts, queryLengths: all },
  ])('case %#', async (given) => {
    using attention = await open(text, backend)
    expect(await compare(attention, text, counts, counts, given)).toBeLessThan(1e-4)
  })
})

/** How far each item of a batch with NaN after its rows is from the same rows without anything after them. */
async function compare(
  attention: Attention,
  text: string,
  rows: readonly number[],
  keys: readonly number[],
  given: { lengths?: readonly number[]; queryLengths?: readonly number[] },
): Promise<number> {
  const { dim, valueDim } = attention
  using alone = await open(text, 'reference')
  const [length, keyLength] = [Math.max(...rows), Math.max(...keys)]
  const [q, k, v] = [ragged(rows, dim, 1), ragged(keys, dim, 2), ragged(keys, valueDim, 3)]
  const call = { q: q.whole, k: k.whole, v: v.whole, batch: rows.length, length, keyLength, ...given }
  const out = await attention.forward(call)
  let largest = 0
  for (const [item, count] of rows.entries()) {
    if (count === 0) continue
    const sizes = { length: count, keyLength: keys[item]! }
    const expected = await alone.forward({
      q: q.parts[item]!,
      k: k.parts[item]!,
      v: v.parts[item]!,
      ...sizes,
    })
    const found = out.slice(item * length * valueDim, (item * length + count) * valueDim)
    largest = Math.max(largest, largestDifference(found, expected))
  }
  return largest
}

function ragged(counts: readonly number[], width: number, seed: number) {
  const parts = counts.map((count, item) => normals(count * width, 10 * item + seed))
  const each = Math.max(...counts) * width
  const whole = new Float32Array(counts.length * each).fill(Number.NaN)
  parts.forEach((part, item) => whole.set(part, item * each))
  return { parts, whole }
}

test('buffers on the device', async () => {
  const device = await shared
  using attention = await open(means, 'webgpu')
  const rows = padded([1, -1, 2], 6)
  const [q, v] = [bufferWith(device, rows), bufferWith(device, padded([0, 1, 5], 6))]
  const three = bufferWith(device, Uint32Array.of(3))
  const right = [3.5512, 0.7667, 4.7858]
  const shortKeys = {
    k: bufferWith(device, rows.slice(0, 3)),
    v: bufferWith(device, Float32Array.of(0, 1, 5)),
  }
  for (const call of [
    { q, k: q, v, length: 6, lengths: three },
    { q, ...shortKeys, length: 6, keyLength: 3, queryLengths: three },
  ]) {
    expect(gap(await contentsOf(device, await attention.forward(call), 6), right)).toBeLessThan(1e-4)
    const out = bufferWith(device, new Float32Array(6))
    const { length, keyLength, ...buffers } = { keyLength: 6, ...call }
    const encoder = device.createCommandEncoder()
    attention.encode(encoder, { ...buffers, out }, { length, keyLength })
    device.queue.submit([encoder.finish()])
    expect(gap(await contentsOf(device, out, 6), right)).toBeLessThan(1e-4)
  }
})
