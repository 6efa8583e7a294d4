// What a causal row gives in cells does not depend on rows behind it, to the bit.
import { expect, it } from 'vitest'
import { compileFor, tensors } from '../numeric/harness.ts'
import { onGpujs } from './harness.ts'

const specs = {
  exact: 'attention a { dim: 6 kernel: exp(dot(q, k)) mask: causal }',
  'factorised, scaled': 'attention a { dim: 6 feature: favor projections: 11 mask: causal }',
  'factorised, decay': 'attention a { dim: 6 feature: elu1 mask: causal decay: 0.9 }',
}

it.each(Object.entries(specs))('%s', async (_, spec) => {
  const built = compileFor('gpujs', spec)
  const attention = await onGpujs(built)
  const { dim, valueDim } = built.model
  const { q, k, v } = tensors(built, { length: 90 }, 13, 2)
  const whole = (await attention.forward({ q, k, v, length: 90 })) as Float32Array
  for (const length of [1, 33, 64, 89]) {
    const part = (tensor: Float32Array, width: number): Float32Array => tensor.slice(0, length * width)
    const out = await attention.forward({ q: part(q, dim), k: part(k, dim), v: part(v, valueDim), length })
    expect(out).toEqual(whole.slice(0, length * valueDim))
    // What lies behind a row may as well be no number.
    const spoilt = (tensor: Float32Array, width: number): Float32Array =>
      tensor.slice().fill(Number.NaN, length * width)
    const call = { q: spoilt(q, dim), k: spoilt(k, dim), v: spoilt(v, valueDim), length: 90 }
    const outOfSpoilt = await attention.forward(call)
    expect(outOfSpoilt.slice(0, length * valueDim)).toEqual(out)
  }
  attention.destroy()
})
