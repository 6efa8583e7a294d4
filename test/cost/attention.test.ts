// Exact attention keeps GPUs busy: what its kernel is expected to reach, and how it goes about memory.
import { describe, expect, test } from 'vitest'
import { devices } from '../../compiler/cost/device.ts'
import { countPasses, expectCall } from '../../compiler/cost/estimate.ts'
import { sizesOf } from '../../compiler/schedule/cost.ts'
import { compileOne } from '../numeric/harness.ts'
import { once } from '../numeric/agree.ts'

/** The Adreno has too few registers and banks for its multipliers, and reaches less. */
const names = ['m2', 'rtx4060laptop', 'rtx4090', 'h200'] as const

describe.each([64, 128])('rows of %d entries', (dim) => {
  const counted = once(() => {
    const { schedule, kernels } = compileOne(
      `attention a { dim: ${dim} scale: 1 / sqrt(dim) kernel: exp(dot(q, k)) }`,
    )
    const sizes = sizesOf(schedule, { batch: 1, heads: 32, kvHeads: 32, length: 1024, keyLength: 1024 })
    return countPasses(schedule, kernels, sizes, 32)
  })

  test.each(names)('%s computes at more than half of its peak', { timeout: 180_000 }, (name) => {
    expect(expectCall(counted(), devices[name]).ofPeak).toBeGreaterThan(0.55)
  })

  test('neighbours read and write neighbouring numbers, and no bank is asked twice', () => {
    for (const { counts } of counted()) {
      expect(counts.counts.sectors / counts.counts.leastSectors).toBeLessThan(1.1)
      expect(counts.counts.turns / counts.counts.leastTurns).toBeLessThan(1.1)
    }
  })
})
