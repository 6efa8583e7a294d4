import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Form } from '../../runtime/index.ts'
import { sliceCall } from '../../runtime/backends/webgpu/slices.ts'

const form: Form = {
  chunks: ({ keyLength }) => Math.ceil(keyLength / 8),
  groups: 'kvHeads',
  buffers: [
    { name: 'q', role: 'input', element: 'f32', size: () => 10 },
    {
      name: 'scratch',
      role: 'scratch',
      element: 'f32',
      size: ({ sliceCount, chunks }) => sliceCount * chunks * 5,
    },
  ],
  dispatches: [],
}
const deviceWith = (bytes: number): GPUDevice =>
  ({ limits: { maxBufferSize: bytes, maxStorageBufferBindingSize: bytes * 4 } }) as GPUDevice

test('slices are the groups, one after the other, each within the limit', () => {
  const small = fc.integer({ min: 1, max: 12 })
  fc.assert(
    fc.property(small, small, fc.integer({ min: 1, max: 40 }), small, (batch, kvHeads, keyLength, room) => {
      const chunks = Math.ceil(keyLength / 8)
      const bytes = Math.max(room * chunks * 20, 40)
      const sizes = {
        batch,
        kvHeads,
        heads: 2 * kvHeads,
        length: 1,
        keyLength,
        offset: 0,
        capacity: keyLength,
      }
      const slices = sliceCall(deviceWith(bytes), 'test', form, sizes)
      let next = 0
      for (const slice of slices) {
        expect(slice).toMatchObject({ ...sizes, chunks, sliceStart: next })
        expect(slice.sliceCount).toBeGreaterThan(0)
        expect(slice.sliceCount * chunks * 20).toBeLessThanOrEqual(bytes)
        next += slice.sliceCount
      }
      expect(next).toBe(batch * kvHeads)
      // No more of them than the limit asks for.
      expect(slices.length).toBeLessThanOrEqual(Math.ceil(next / Math.floor(bytes / (chunks * 20))))
    }),
    { seed: 1, numRuns: 300 },
  )
})

test('what no slice could hold is an error that names the limit', () => {
  const sizes = { batch: 1, kvHeads: 1, heads: 1, length: 1, keyLength: 800, offset: 0, capacity: 800 }
  expect(() => sliceCall(deviceWith(1000), 'test.forward', form, sizes)).toThrow(
    /test\.forward: the scratch buffer scratch needs 0\.001907 MiB; this device allows 0\.0009537 MiB \(maxBufferSize\)/,
  )
})
