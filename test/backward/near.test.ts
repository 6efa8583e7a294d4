// Gradients among rows that a hash brings together, in calls, against the float64 reference.
import { describe, expect, test } from 'vitest'
import { referenceGradients } from '../../compiler/index.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Program } from '../../runtime/index.ts'
import { compileFor, normals, relativeError } from '../numeric/harness.ts'
import { deviceNames, testDevice } from '../setup/test-devices.ts'

const settings = (lines: string): string => `attention a { dim: 6 value_dim: 5 ${lines} }`

const texts: Record<string, string> = {
  'a softmax': settings('scale: 0.4 kernel: exp(dot(q, k)) buckets: 4 rounds 2 chunk 8 seed 3'),
  'a causal mask, and three rounds': settings(
    'kernel: exp(dot(q, k)) mask: causal buckets: 4 rounds 3 chunk 8 seed 1',
  ),
  'coefficients, a factor and an epsilon': settings(
    'kernel: (1.5 + dot(q, k))^2 * exp(dot(q, k)) / 3 epsilon: 0.2 buckets: 4 rounds 1 chunk 8',
  ),
  'no exponent, and rows alone in their chunk': settings(
    'kernel: relu(dot(q, k)) + 0.01 mask: length - i > j buckets: 8 rounds 2 chunk 1',
  ),
}

const [batch, heads, kvHeads, length] = [2, 4, 2, 37]

/** A row of zeros is a key of zeros, and hands on nothing through it. */
const withZeros = (rows: Float32Array): Float32Array => rows.map((entry, n) => (n < 6 ? 0 : entry))

const call = {
  q: withZeros(normals(batch * heads * length * 6, 1)),
  k: normals(batch * kvHeads * length * 6, 2),
  v: normals(batch * kvHeads * length * 5, 3),
  dout: normals(batch * heads * length * 5, 4),
  batch,
  heads,
  kvHeads,
  length,
  keyLength: length,
}

/** The gradients that are off the truth, in words. */
async function offTruth(text: string, target: Program['target'], counts: object): Promise<string[]> {
  const { program } = compileFor(target, text)
  const device = target === 'webgpu' ? { device: await testDevice(deviceNames[0] ?? '') } : {}
  using attention = await createAttention(program, { backend: target, ...device })
  const found = await attention.backward({ ...call, ...counts })
  const projection = attention.projection!
  const truth = referenceGradients(text, 'a')({ ...call, ...counts, projection })
  return (['dq', 'dk', 'dv'] as const).flatMap((name) => {
    const error = relativeError(found[name], truth[name])
    return error <= 1e-5 ? [] : [`${name} is off by ${error}`]
  })
}

describe.each(Object.entries(texts))('%s', (_, text) => {
  test('on wasm, with rows that do not count', async () =>
    expect(await offTruth(text, 'wasm', { lengths: [29, 9] })).toEqual([]))
})

test('fewer queries than keys count, in an item without any', async () => {
  const counts = { lengths: [37, 0], queryLengths: [21, 5] }
  expect(await offTruth(texts['a softmax'] ?? '', 'wasm', counts)).toEqual([])
})

test('on webgpu', async () => expect(await offTruth(texts['a softmax'] ?? '', 'webgpu', {})).toEqual([]))
