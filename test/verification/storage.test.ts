// Tensors of f16 are held to float64 within a budget of their own, which is neither too narrow nor too wide.
import { describe, expect, test } from 'vitest'
import { compiledPlatform } from '../../compiler/verification/execution/compiled.ts'
import type { Call, Platform } from '../../compiler/verification/execution/executor.ts'
import { verify } from '../../compiler/index.ts'
import { propertyNames } from '../../compiler/verification/report.ts'
import { firstRefuted, modelOf, resultOf } from './verify-text.ts'

const platform = compiledPlatform('wasm', 'this processor')

const means = 'attention one { dim: 3 value_dim: 4 kernel: exp(dot(q, k)) mask: causal }'
const sums = 'attention one { dim: 3 value_dim: 2 feature: identity normalize: none mask: causal }'
const unmasked = 'attention one { dim: 3 value_dim: 2 feature: elu1 }'

test.each([
  ['means of values, which decode', means],
  ['sums, which may be beyond f16', sums],
  ['features without a mask', unmasked],
])('holds for %s', async (_, text) => {
  const effort = { runs: 6, storage: 'f16' } as const
  expect(await firstRefuted(modelOf(text), platform, propertyNames, effort)).toBe('none')
})

/** The platform with other results. */
const changed = (change: (out: Float32Array) => Float32Array): Platform => ({
  ...platform,
  open: async (...given) => {
    const executor = await platform.open(...given)
    if ('unsupported' in executor) return executor
    return {
      ...executor,
      forward: async (call: Call) => change(await executor.forward(call)),
    }
  },
})

/** The next number of f16 further away from 0: beyond half a unit, if not by much. */
const oneUnitOff = (value: number): number =>
  value + Math.sign(value) * 2 ** (Math.floor(Math.log2(Math.abs(value))) - 10)

describe('refutes', () => {
  test.each([
    ['results that are one unit off', (out: Float32Array) => out.map(oneUnitOff)],
    ['the error range where nothing is beyond f16', (out: Float32Array) => out.fill(Infinity)],
  ])('%s', async (_, change) => {
    for (const text of [means, sums]) {
      const result = await resultOf(modelOf(text), changed(change), 'reference', { storage: 'f16' })
      expect(result.status).toBe('refuted')
    }
  })

  test('f16 that is said to be f32', async () => {
    const silent: Platform = {
      ...platform,
      open: async (model, weights) => platform.open(model, weights, 'f16'),
    }
    expect((await resultOf(modelOf(means), silent, 'reference')).status).toBe('refuted')
  })
})

test('is for backends with kernels', async () => {
  await expect(verify(means, { storage: 'f16', backend: 'reference' })).rejects.toThrow(
    'storage: expected f32 on the backend reference, which computes in float64; found f16',
  )
})
