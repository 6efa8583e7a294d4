// Pooled keys and values on the devices, against float64.
import { expect, it, test } from 'vitest'
import { exactTwin } from '../../compiler/semantics/model.ts'
import { enoughDevices, testDevice } from '../setup/test-devices.ts'
import { compileOne, expected, forward, normals, onDevice, relativeError, tensors } from './harness.ts'
import type { Sizes, Weights } from './harness.ts'

const spec = (settings: string): string => `attention a { dim: 12 kernel: exp(dot(q, k)) ${settings} }`

it.each(enoughDevices)('on %s', async (name) => {
  const built = compileOne(spec('value_dim: 5 scale: 0.5 compress: 35 learned'))
  // Columns for more rows than any call has, and not as many for the values.
  const weights: Weights = {
    compressKeys: normals(2 * 35 * 90, 5, 0.3),
    compressValues: normals(2 * 35 * 80, 6, 0.3),
  }
  const attention = await onDevice(built, await testDevice(name), undefined, weights)
  const calls: readonly Sizes[] = [
    { length: 1, heads: 2 },
    { length: 67, heads: 2, kvHeads: 1, batch: 2, lengths: [67, 33] },
    { length: 9, keyLength: 80, heads: 2, batch: 2, lengths: [0, 32] },
  ]
  for (const sizes of calls) {
    const inputs = tensors(built, sizes, 3, 0.7)
    const found = await forward(attention, sizes, inputs)
    const wanted = expected(built, sizes, inputs, undefined, weights)
    expect([sizes, relativeError(found, wanted) < 3e-6]).toEqual([sizes, true])
  }
  attention.destroy()
})

test('the identity pools nothing; weights for fewer rows or other heads than a call has are refused', async () => {
  const [name] = enoughDevices
  const device = await testDevice(name!)
  const built = compileOne(spec('value_dim: 70 epsilon: 0.5 stabilize: none compress: 40 learned'))
  const compressKeys = Float32Array.from({ length: 2 * 40 * 40 }, (_, at) => ((at % 1600) % 41 === 0 ? 1 : 0))
  const attention = await onDevice(built, device, undefined, { compressKeys })
  const run = async (sizes: Sizes): Promise<Float32Array> =>
    forward(attention, sizes, tensors(built, sizes, 8))
  const sizes = { length: 33, keyLength: 40, heads: 2 }
  const exact = expected({ ...built, model: exactTwin(built.model)! }, sizes, tensors(built, sizes, 8))
  expect(relativeError(await run(sizes), exact)).toBeLessThan(1e-6)
  await expect(run({ length: 41, heads: 2 })).rejects.toThrow(
    /compressKeys needs 80 numbers .* at least 41 key rows/,
  )
  await expect(run({ length: 20, heads: 3 })).rejects.toThrow(/needs 120 numbers/)
  await expect(run({ length: 20, heads: 3 })).rejects.toBeInstanceOf(RangeError)
  attention.destroy()
  await expect(onDevice(built, device, undefined, { compressKeys: new Float32Array(60) })).rejects.toThrow(
    /40 numbers per head for each key row of the longest call; it has 60/,
  )
})
