// The comparison of processors on small inputs, without ONNX Runtime: that what is expected is right, and what is wrong refused.
import { describe, expect, test } from 'vitest'
import { compile, reference } from '../../compiler/index.ts'
import { createAttention } from '../../runtime/index.ts'
import { drawProjection } from '../../runtime/projection/index.ts'
import { compare } from './cpu/compare.mjs'
import { attncOnWasm } from './cpu/contestants.mjs'
import { dim, mechanisms } from './cpu/mechanisms.mjs'
import { openPeak } from './cpu/peak.mjs'
import { printReport } from './cpu/report.mjs'
import { distance, WrongResult } from './gate.mjs'
import { linearAttentionModel, multiHeadAttentionModel } from './onnx/models.mjs'
import { normals } from './tensors.mjs'

const quiet = (): void => {}
const length = 37
const inputs = (heads: number) => {
  const [q, k, v] = [1, 2, 3].map((seed) => normals(heads * length * dim, seed).map((entry) => entry / 2))
  return { q: q!, k: k!, v: v! }
}

describe.each(mechanisms)('$name', (mechanism) => {
  const { heads, spec, expected } = mechanism
  const sizes = { heads, length, dim }
  const tensors = inputs(heads)

  test('expects what the reference says, at the rows that are asked for', () => {
    const rows = [0, 5, length - 1]
    const [{ program } = { program: undefined }] = compile(spec).modules
    const law = program?.projection
    const found = expected(tensors, sizes, rows, law && drawProjection(law))
    const all = reference(
      spec,
      'measured',
    )({ ...tensors, ...sizes, batch: 1, kvHeads: heads, keyLength: length })
    const wanted = Array.from({ length: heads }, (_, head) =>
      rows.flatMap((row) => [...all.subarray((head * length + row) * dim, (head * length + row + 1) * dim)]),
    ).flat()
    expect(distance(found, wanted, dim).worstRow).toBeLessThan(1e-12)
  })

  test('is right on WebAssembly', async () => {
    const open = () => attncOnWasm({ compile, createAttention }, mechanism, sizes, tensors, 1)
    const [outcome] = await compare([{ name: 'attnc', open }], sizes, 1, quiet, 0)
    expect(outcome).toMatchObject({ name: 'attnc', timing: { samples: 1 } })
  })
})

describe('the comparison', () => {
  const moody = (wrongFrom: number) => {
    let calls = 0
    const call = async () => Float32Array.of(1, ++calls >= wrongFrom ? 3 : 2)
    const expectedRows = () => Float64Array.of(1, 2)
    return {
      name: 'moody',
      open: async () => ({ name: 'moody', expected: expectedRows, call, pick: same, destroy: quiet }),
    }
  }
  const same = (out: Float32Array) => out
  const sizes = { length: 1, dim: 2 }

  test('refuses a result that is wrong, at first or later', async () => {
    await expect(compare([moody(1)], sizes, 1, quiet, 0)).rejects.toThrow(WrongResult)
    await expect(compare([moody(3)], sizes, 1, quiet, 0)).resolves.toHaveLength(1)
    await expect(compare([moody(3)], sizes, 2, quiet, 0)).rejects.toThrow(WrongResult)
  })

  test('goes on without whoever cannot run', async () => {
    const open = () => Promise.reject(new Error('out of memory\nat some place'))
    const [, other] = await compare([moody(9), { name: 'large', open }], sizes, 1, quiet, 0)
    expect(other).toEqual({ name: 'large', cannot: 'out of memory' })
  })

  test('is a table', async () => {
    const timing = { median: 2, lower: 2, upper: 2, least: 2, samples: 1 }
    const outcomes = [
      { name: 'attnc', timing, error: 1e-7 },
      { name: 'other', cannot: 'out of memory' },
    ]
    const results = [{ mechanism: 'softmax', heads: 2, length: 4096, flops: 1e8, outcomes }]
    const device = 'WebAssembly, SIMD, 2 threads'
    const text = printReport([{ threads: 2, device, peak: 50, peers: ['other 1.0'], results }], 1)
    expect(text).toMatch(
      /^\| softmax \|\s+2 \|\s+4,096 \|\s+2 \|\s+2\.00 \|\s+50\.0 \|\s+50 % \| cannot \|$/m,
    )
  })
})

test('what measures the peak of a core computes a product', async () => {
  const { measure, product } = await openPeak()
  const [left, right] = [normals(4 * 256, 1), normals(8 * 256, 2)]
  const wanted = Array.from({ length: 32 }, (_, n) =>
    Array.from({ length: 256 }, (_, at) => left[4 * at + (n >> 3)]! * right[8 * at + (n & 7)]!).reduce(
      (sum, term) => sum + term,
    ),
  )
  expect(distance(product(left, right), wanted, 8).worstRow).toBeLessThan(1e-5)
  expect(measure()).toBeGreaterThan(0)
})

test.each([linearAttentionModel(2), multiHeadAttentionModel(2, true)])(
  'ONNX models end where they say',
  (model) => {
    expect([...model.subarray(0, 3)]).toEqual([0x08, 10, 0x3a])
    const graph = ((model[3] ?? 0) & 0x7f) + (model[4] ?? 0) * 0x80
    expect(model[5 + graph]).toBe(0x42)
  },
)
