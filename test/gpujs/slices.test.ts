// How calls are cut by batch items, at limits that no machine of the tests has.
import { describe, expect, test } from 'vitest'
import { programFrom } from '../../compiler/codegen/description.ts'
import { itemsAtOnce, joined, sliceOf } from '../../runtime/gpujs/slices.ts'
import type { Machine } from '../../runtime/gpujs/machine.ts'
import { softmaxCells } from './programs.ts'

const { forward } = programFrom(softmaxCells(4, 3)).forms
const machine = (mode: Machine['mode'], mostCells: number): Machine => ({
  gpu: { createKernel: () => Promise.reject.bind(Promise) as never },
  mode,
  name: 'a machine',
  mostCells,
  longestSide: 2 ** 13,
  isLost: () => false,
  close: () => {},
})
/** Scores of an item are 2 · 10 · 10 numbers, q 80 and v 60 and out 60. */
const sizes = { batch: 5, heads: 2, kvHeads: 2, length: 10, keyLength: 10, offset: 0, capacity: 10 }

describe('batch items at once', () => {
  test.each([
    [1000, 'webgl2', 5],
    [999, 'webgl2', 3],
    [599, 'webgl2', 2],
    [200, 'webgl2', 1],
    [1800, 'webasm', 5],
    [1799, 'webasm', 3],
  ] as const)('where a buffer holds %i numbers, on %s: %i', (most, mode, items) => {
    expect(itemsAtOnce(machine(mode, most), 'x.forward', forward, sizes, true)).toBe(items)
  })

  test.each([
    [
      199,
      'webgl2',
      true,
      /scratch buffer scores needs 200 numbers; a machine holds 199 in one buffer.*fewer heads/,
    ],
    [
      321,
      'webasm',
      true,
      /buffers of the kernel scores need 360 numbers; a machine holds 321 for one kernel/,
    ],
    [999, 'webgl2', false, /needs 1000 numbers.*fewer batch items or heads/],
  ] as const)('none where it holds %i, on %s, parted %s', (most, mode, parted, message) => {
    const count = (): number => itemsAtOnce(machine(mode, most), 'x.forward', forward, sizes, parted)
    expect(count).toThrow(
      expect.objectContaining({ code: 'limit', message: expect.stringMatching(message) as string }),
    )
  })
})

test('slices have the rows of their items, and put together are the whole', async () => {
  const q = Float32Array.from({ length: 5 * 6 }, (_, index) => index)
  const inputs = { sizes, tensors: new Map([['q', q]]), lengths: Uint32Array.of(5, 4, 3, 2, 1) }
  const slices = [0, 2, 4].map((first) => sliceOf(inputs, first, 2))
  expect(slices.map((slice) => slice.sizes.batch)).toEqual([2, 2, 1])
  expect(slices.map((slice) => [...(slice.lengths ?? [])])).toEqual([[5, 4], [3, 2], [1]])
  const outputs = slices.map(async ({ tensors }) => new Map([['out', tensors.get('q') as Float32Array]]))
  expect((await joined(outputs)).get('out')).toEqual(q)
})
