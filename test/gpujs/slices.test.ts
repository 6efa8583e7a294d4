// How calls are cut, at limits that no machine of the tests has.
import { describe, expect, test } from 'vitest'
import { programFrom } from '../../compiler/codegen/description.ts'
import { slicingOf } from '../../runtime/backends/gpujs/slices.ts'
import type { Machine } from '../../runtime/backends/gpujs/machine.ts'
import type { Form } from '../../runtime/index.ts'
import { cachedMeans, softmaxCells } from './programs.ts'

const { forward } = programFrom(softmaxCells(4, 3)).forms
const apart: Form = { ...forward, rows: 'apart' }
const { prefill } = programFrom(cachedMeans(3)).forms
const machine = (mode: Machine['mode'], mostCells: number, scratchCells = mostCells): Machine => ({
  gpu: { createKernel: () => Promise.reject.bind(Promise) as never },
  mode,
  name: 'a machine',
  mostCells,
  scratchCells,
  longestSide: 2 ** 13,
  isLost: () => false,
  close: () => {},
})
/** Scores of an item are 2 · 10 · 10 numbers, q 80 and v 60 and out 60. */
const sizes = { batch: 5, heads: 2, kvHeads: 2, length: 10, keyLength: 10, offset: 0, capacity: 10 }

describe('what runs at once', () => {
  test.each([
    [1000, 'webgl2', 5, 2],
    [999, 'webgl2', 3, 2],
    [599, 'webgl2', 2, 2],
    [200, 'webgl2', 1, 2],
    [199, 'webgl2', 1, 1],
    [1800, 'webasm', 5, 2],
    [1799, 'webasm', 3, 2],
    [321, 'webasm', 1, 1],
  ] as const)('where a buffer holds %i numbers, on %s: %i items of %i heads', (most, mode, items, groups) => {
    const slicing = slicingOf(machine(mode, most), 'x.forward', forward, sizes)
    expect(slicing).toEqual({ items, groups, rows: 10 })
  })

  test.each([
    [1000, 5, 2, 10],
    [999, 3, 2, 10],
    [100, 1, 1, 10],
    [99, 1, 1, 5],
    [10, 1, 1, 1],
    [9, 1, 1, 1],
  ] as const)(
    'where scratch is to hold %i: %i items of %i heads and %i rows',
    (most, items, groups, rows) => {
      const slicing = slicingOf(machine('webgl2', 1000, most), 'x.forward', apart, sizes)
      expect(slicing).toEqual({ items, groups, rows })
      // Whatever else may be cut, it is not done for that.
      expect(slicingOf(machine('webgl2', 1000, most), 'x.forward', forward, sizes).items).toBe(5)
    },
  )

  test.each([
    [
      99,
      'webgl2',
      forward,
      /scratch buffer scores needs 100 numbers; a machine holds 99 in one buffer.*fewer heads/,
    ],
    [
      239,
      'webasm',
      forward,
      /buffers of the kernel scores need 260 numbers; a machine holds 239 for one kernel/,
    ],
    [79, 'webgl2', apart, /input buffer k needs 80 numbers/],
    [299, 'webgl2', prefill!, /needs 300 numbers.*fewer batch items or heads/],
  ] as const)('nothing where it holds %i, on %s', (most, mode, form, message) => {
    const slicing = (): unknown => slicingOf(machine(mode, most), 'x.forward', form, sizes)
    expect(slicing).toThrow(
      expect.objectContaining({ code: 'limit', message: expect.stringMatching(message) as string }),
    )
  })
})
