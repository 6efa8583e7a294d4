// Rows that a hash brings together, on the devices and on the host, against float64.
import { expect, it, test } from 'vitest'
import { runPasses } from '../../compiler/verification/execution/run-passes.ts'
import { drawProjection } from '../../runtime/projection/index.ts'
import { enoughDevices, testDevice } from '../setup/test-devices.ts'
import { compileOne, expected, forward, full, normals, onDevice, relativeError, tensors } from './harness.ts'
import type { Sizes } from './harness.ts'

const spec = (settings: string): string =>
  `attention a { dim: 8 value_dim: 5 scale: 0.5 kernel: exp(dot(q, k)) ${settings} }`

/** A call around segments of 64 rows and tiles of 32, of whole and shortened batch items and grouped heads. */
const shapes: readonly Sizes[] = [
  { length: 1 },
  { length: 67, heads: 2, kvHeads: 1, batch: 2, lengths: [66, 0] },
  { length: 150, heads: 2, batch: 2, lengths: [150, 97] },
]

const cases: readonly (readonly [string, readonly Sizes[]])[] = [
  ['buckets: 6 rounds 2 chunk 20 seed 3', shapes],
  ['buckets: 20 rounds 3 chunk 1', [{ length: 40 }]],
  ['buckets: 2 rounds 1 chunk 64 mask: i >= j && i - j < 30 epsilon: 0.5', shapes.slice(1)],
  ['buckets: 4 rounds 2 chunk 70 mask: causal', shapes.slice(1, 2)],
  ['buckets: 130 rounds 2 chunk 33', shapes.slice(2)],
]

test.each(cases)('kernels on the host: %s', (settings, calls) => {
  const built = compileOne(spec(settings))
  const projection = drawProjection(built.program.projection!)
  for (const sizes of calls) {
    const inputs = tensors(built, sizes, 3)
    const call = { ...inputs, ...full(sizes), ...(sizes.lengths && { lengths: sizes.lengths }) }
    const found = runPasses(built, { call, kept: { projection } })
    expect([sizes, relativeError(found, expected(built, sizes, inputs)) < 3e-6]).toEqual([sizes, true])
  }
})

test('a kernel without an exponential: a row that sees no other still gives its value', () => {
  const built = compileOne(
    'attention a { dim: 8 kernel: relu(dot(q, k)) + 0.01 buckets: 8 rounds 2 chunk 3 mask: i >= j }',
  )
  const projection = drawProjection(built.program.projection!)
  const sizes = { length: 30 }
  const inputs = tensors(built, sizes, 5)
  const found = runPasses(built, { call: { ...inputs, ...full(sizes) }, kept: { projection } })
  expect(relativeError(found, expected(built, sizes, inputs))).toBeLessThan(3e-6)
  expect(found.subarray(0, 8)).toEqual(inputs.v.subarray(0, 8))
})

it.each(enoughDevices)('on %s', async (name) => {
  const built = compileOne(spec('buckets: 10 rounds 2 chunk 20 seed 3'))
  const attention = await onDevice(built, await testDevice(name))
  for (const sizes of shapes) {
    const inputs = tensors(built, sizes, 4, 5)
    const found = await forward(attention, sizes, inputs)
    expect([sizes, relativeError(found, expected(built, sizes, inputs)) < 3e-6]).toEqual([sizes, true])
  }
  const sizes = { length: 70 }
  const inputs = tensors(built, sizes, 6)
  attention.redraw(9)
  const found = await forward(attention, sizes, inputs)
  expect(relativeError(found, expected(built, sizes, inputs))).toBeGreaterThan(0.01)
  expect(relativeError(found, expected(built, sizes, inputs, attention.projection))).toBeLessThan(3e-6)
  await expect(
    attention.forward({ ...inputs, k: normals(71 * 8, 1), v: normals(71 * 5, 1), length: 70, keyLength: 71 }),
  ).rejects.toThrow(/keyLength must be length; they are 71 and 70/)
  attention.destroy()
})
