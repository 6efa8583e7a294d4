// A token of decoding reads and writes what is carried once, in the order of memory, and waits for memory alone.
import { describe, expect, test } from 'vitest'
import { devices } from '../../compiler/cost/device.ts'
import { countPasses, expectCall } from '../../compiler/cost/estimate.ts'
import { sizesOf } from '../../compiler/schedule/cost.ts'
import { invariant } from '../../compiler/diagnostics/invariant.ts'
import { compileOne } from '../numeric/harness.ts'
import { once } from '../numeric/agree.ts'

const names = ['m2', 'rtx4060laptop', 'rtx4090', 'h200', 'adreno740'] as const

const specs = {
  'φ of projections':
    'attention a { dim: 64 scale: 1 / sqrt(dim) feature: favor projections: 256 mask: causal }',
  'φ of entries': 'attention a { dim: 64 feature: elu1 mask: causal }',
  'a decay':
    'attention a { dim: 64 feature: identity mask: causal normalize: none decay: 1 - 2^(-2 - head) }',
}

test('cached rows: a token reads keys and values at more than four fifths of the bandwidth', () => {
  const { step } = compileOne('attention a { dim: 64 kernel: exp(dot(q, k)) mask: causal }').forms
  invariant(step !== undefined, 'the attention decodes')
  const call = { batch: 8, heads: 32, kvHeads: 32, length: 1, keyLength: 1 }
  const passes = countPasses(step.schedule, step.kernels, sizesOf(step.schedule, call, 1023), 32)
  for (const { counts } of passes)
    expect(counts.counts.sectors / counts.counts.leastSectors).toBeLessThan(1.2)
  // The Adreno waits: it has room for few warps.
  for (const name of ['m2', 'rtx4060laptop', 'rtx4090', 'h200'] as const)
    expect(expectCall(passes, devices[name]).ofBandwidth).toBeGreaterThan(0.8)
})

describe.each(Object.entries(specs))('%s', (_, spec) => {
  /** A layer of 32 heads for 8 sequences, of which one has so many groups that a GPU is full. */
  const counted = once(() => {
    const { step } = compileOne(spec).forms
    invariant(step !== undefined, 'the attention decodes')
    const call = { batch: 8, heads: 32, kvHeads: 32, length: 1, keyLength: 1 }
    return new Map(
      [32, 64].map((width) => [
        width,
        countPasses(step.schedule, step.kernels, sizesOf(step.schedule, call, 100), width),
      ]),
    )
  })

  test('one dispatch, whose neighbours read and write neighbouring numbers', () => {
    const passes = counted().get(32) ?? []
    expect(passes).toHaveLength(1)
    for (const { counts } of passes) {
      expect(counts.counts.sectors / counts.counts.leastSectors).toBeLessThan(1.2)
      expect(counts.counts.turns / counts.counts.leastTurns).toBeLessThan(1.1)
    }
  })

  test.each(names)('%s moves bytes at more than four fifths of its bandwidth', (name) => {
    const passes = counted().get(devices[name].width) ?? []
    // Each head reads the projections from the cache, of which the H200's is little faster than its memory.
    const least = name === 'h200' && spec.includes('projections') ? 0.75 : 0.8
    expect(expectCall(passes, devices[name]).ofBandwidth).toBeGreaterThan(least)
  })
})
