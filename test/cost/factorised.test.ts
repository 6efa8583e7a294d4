// Factorised attention keeps GPUs busy: what its kernels are expected to reach, and how they go about memory.
import { describe, expect, test } from 'vitest'
import { devices } from '../../compiler/cost/device.ts'
import { bytesOfTensors, countPasses, expectCall, movedBytes } from '../../compiler/cost/estimate.ts'
import { sizesOf } from '../../compiler/schedule/cost.ts'
import { compileOne } from '../numeric/harness.ts'
import { once } from '../numeric/agree.ts'

const names = ['m2', 'rtx4060laptop', 'rtx4090', 'h200'] as const

/** `ofPeak` is of f32 arithmetic, `traffic` a multiple of inputs and outputs. */
const attentions = [
  {
    name: 'a Performer',
    settings: 'feature: favor projections: 256 orthogonal seed 42 scale: 1 / sqrt(dim)',
    ofPeak: 0.39,
    traffic: 3.6,
  },
  { name: 'elu + 1', settings: 'feature: elu1', ofPeak: 0.19, traffic: 2.05 },
]

describe.each(attentions)('$name', ({ settings, ofPeak, traffic }) => {
  const call = once(() => {
    const { schedule, kernels } = compileOne(`attention a { dim: 64 mask: causal ${settings} }`)
    const sizes = sizesOf(schedule, { batch: 1, heads: 8, kvHeads: 8, length: 4096, keyLength: 4096 })
    return { counted: countPasses(schedule, kernels, sizes, 32), bytes: bytesOfTensors(schedule, sizes) }
  })

  test.each(names)('%s computes at its share of its peak', { timeout: 180_000 }, (name) => {
    expect(expectCall(call().counted, devices[name]).ofPeak).toBeGreaterThan(ofPeak)
  })

  test('states are little beside inputs and outputs', () => {
    const { counted, bytes } = call()
    expect(movedBytes(counted) / bytes).toBeLessThan(traffic)
  })

  test('neighbours read and write neighbouring numbers, and no bank is asked twice', () => {
    for (const { counts } of call().counted) {
      expect(counts.counts.sectors / counts.counts.leastSectors).toBeLessThan(1.1)
      // A scan needs no workgroup memory.
      expect(counts.counts.turns / Math.max(1, counts.counts.leastTurns)).toBeLessThan(1.1)
    }
  })
})
