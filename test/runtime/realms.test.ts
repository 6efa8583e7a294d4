// Arrays of another realm, as a frame of a page, a context of node:vm and some test runners have them.
import { runInNewContext } from 'node:vm'
import { describe, expect, test, vi } from 'vitest'
import { reference } from '../../compiler/index.ts'
import type { Backend, CreateOptions } from '../../runtime/index.ts'
import { createAttention } from '../../runtime/index.ts'
import { compileFor } from '../numeric/harness.ts'
import { largestDifference, numbers } from './expected.ts'

vi.mock('../../runtime/node/packages.ts', async (original) => {
  const packages = await original<{ importPackage(name: string): Promise<unknown> }>()
  return {
    ...packages,
    importPackage: (name: string) =>
      name === 'attnc' ? Promise.resolve({ reference }) : packages.importPackage(name),
  }
})

const elsewhere = runInNewContext('({ Float32Array, Uint32Array, DataView, Array, Error, Object })') as Pick<
  typeof globalThis,
  'Float32Array' | 'Uint32Array' | 'DataView' | 'Array' | 'Error' | 'Object'
>
const foreign = (own: Float32Array): Float32Array => new elsewhere.Float32Array(own)

const open = (backend: Backend, text: string, options: CreateOptions = {}) =>
  createAttention(compileFor(backend === 'gpujs' ? 'gpujs' : 'webgpu', text).program, {
    ...options,
    backend,
  })

const [q, k, v] = [numbers(10, 1), numbers(10, 2), numbers(10, 3)]

/** Rows of width 2 that see those before them: Σ φ(q)·φ(k) v / Σ φ(q)·φ(k). */
function causal(features: (row: readonly number[]) => readonly number[]): Float64Array {
  const row = (from: Float32Array, i: number) => [from[2 * i]!, from[2 * i + 1]!]
  return Float64Array.from({ length: 10 }, (_, cell) => {
    const [i, column] = [Math.floor(cell / 2), cell % 2]
    let [above, below] = [0, 0]
    for (let j = 0; j <= i; j++) {
      const [left, right] = [features(row(q, i)), features(row(k, j))]
      const weight = left.reduce((sum, one, r) => sum + one * right[r]!, 0)
      above += weight * v[2 * j + column]!
      below += weight
    }
    return above / below
  })
}

describe.each(['webgpu', 'gpujs', 'reference'] as const)('%s takes from another realm', (backend) => {
  test('tensors, lengths and saved states', async () => {
    using attention = await open(backend, 'attention a { dim: 2 feature: elu1 mask: causal }')
    const right = causal((row) => row.map((x) => (x > 0 ? x + 1 : Math.exp(x))))
    const rows = (from: number, to: number) => ({
      q: foreign(q.subarray(2 * from, 2 * to)),
      k: foreign(k.subarray(2 * from, 2 * to)),
      v: foreign(v.subarray(2 * from, 2 * to)),
    })
    for (const lengths of [elsewhere.Array.of(5), elsewhere.Uint32Array.of(5), elsewhere.Float32Array.of(5)])
      expect(
        largestDifference(await attention.forward({ ...rows(0, 5), length: 5, lengths }), right),
      ).toBeLessThan(1e-5)

    const { state } = await attention.prefill({ ...rows(0, 3), length: 3 })
    const saved = await state.save()
    const tensors = Object.entries(saved.tensors).map(([name, tensor]) => [name, foreign(tensor)])
    const moved = elsewhere.Object.assign(new elsewhere.Object(), saved, {
      tensors: elsewhere.Object.fromEntries(tensors) as typeof saved.tensors,
    })
    const restored = await attention.restore(moved)
    const out = await attention.step(restored, rows(3, 4))
    expect(largestDifference(out, right.subarray(6, 8))).toBeLessThan(1e-5)
    const again = await restored.save()
    for (const tensor of Object.values(again.tensors)) expect(tensor).toBeInstanceOf(Float32Array)
  })

  test('a projection', async () => {
    const projection = numbers(6, 4)
    const text = 'attention a { dim: 2 feature: favor projections: 3 mask: causal }'
    using attention = await open(backend, text, { projection: foreign(projection) })
    const right = causal((row) =>
      [0, 2, 4].map((w) => {
        const [x, y] = [row[0]!, row[1]!]
        return Math.exp(projection[w]! * x + projection[w + 1]! * y - (x * x + y * y) / 2)
      }),
    )
    const out = await attention.forward({ q: foreign(q), k: foreign(k), v: foreign(v), length: 5 })
    expect(largestDifference(out, right)).toBeLessThan(1e-5)
    expect(attention.projection).toBeInstanceOf(Float32Array)
  })

  test('weights', async () => {
    const weights = { compressKeys: foreign(numbers(5, 5)), compressValues: foreign(numbers(5, 6)) }
    using attention = await open(
      backend,
      'attention a { dim: 2 kernel: exp(dot(q, k)) compress: 1 learned }',
      {
        weights,
      },
    )
    const out = await attention.forward({ q: foreign(q), k: foreign(k), v: foreign(v), length: 5 })
    const pooled = [0, 1].map((column) =>
      numbers(5, 6).reduce((sum, weight, j) => sum + weight * v[2 * j + column]!, 0),
    )
    // One pooled row has all the weight.
    expect(largestDifference(out, [...pooled, ...pooled, ...pooled, ...pooled, ...pooled])).toBeLessThan(1e-5)
  })

  test('and refuses what is no array of numbers there either', async () => {
    using attention = await open(backend, 'attention a { dim: 2 feature: elu1 mask: causal }')
    const call = { q, k, v, length: 5 }
    const view = new elsewhere.DataView(new ArrayBuffer(4))
    const named = { [Symbol.toStringTag]: 'Float32Array', length: 10 }
    for (const change of [{ lengths: view }, { lengths: new elsewhere.Object() }, { v: named }])
      await expect(attention.forward({ ...call, ...change } as never)).rejects.toThrow(TypeError)
  })
})
