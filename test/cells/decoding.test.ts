// A prefix at once and then a token at a time, in cells on gpu.js: the same as the whole sequence in float64.
import { expect, it } from 'vitest'
import { compileFor, expected, full, relativeError, tensors, weightsFor } from '../numeric/harness.ts'
import { partsOf, rows } from '../numeric/parts.ts'
import { onGpujs } from './harness.ts'

const sizes = { length: 71, batch: 2, heads: 4, kvHeads: 2 }

const specs = {
  'without exponent': 'attention a { dim: 6 value_dim: 5 feature: elu1 mask: causal }',
  'retention, a decay per head':
    'attention a { dim: 6 value_dim: 5 feature: identity mask: causal normalize: none decay: 1 - 2^(-2 - head) }',
  'scaled, with decay and ε':
    'attention a { dim: 6 value_dim: 7 scale: 0.4 feature: favor_hyperbolic projections: 21 mask: causal decay: 0.9 epsilon: 1e-3 }',
  'coefficients beside exponents':
    'attention a { dim: 6 scale: 0.4 feature: favor_trigonometric projections: 11 mask: causal normalize: none }',
  'exact, from a cache of keys and values':
    'attention a { dim: 6 value_dim: 5 kernel: exp(dot(q, k)) mask: causal }',
  'exact, with a coefficient': 'attention a { dim: 6 kernel: dot(q, k)^2 * exp(dot(q, k)) mask: causal }',
  'exact, with a weight beside the keys':
    'attention a { dim: 6 value_dim: 5 weights: s scalar kernel: exp(dot(q, k)) mask: causal sink: s + head }',
  'exact, by what each token lets pass':
    'attention a { dim: 6 value_dim: 5 inputs: f scalar kernel: exp(dot(q, k)) mask: causal decay: sigmoid(f) }',
  position:
    'feature f(x) = [relu(x) * cos(position / 50), relu(x) * sin(position / 50), 1] attention a { dim: 6 feature: f mask: causal }',
}

it.each(Object.entries(specs))('%s', async (_, spec) => {
  const built = compileFor('gpujs', spec)
  const { valueDim } = built.model
  const weights = weightsFor(built, sizes)
  const attention = await onGpujs(built, weights)
  const inputs = tensors(built, sizes, 1, 0.7)
  const whole = expected(built, sizes, inputs, undefined, weights)
  for (const split of [1, 33, 64]) {
    const part = partsOf(built, sizes, inputs)
    const { batch, heads, kvHeads } = full(sizes)
    const { out, state } = await attention.prefill({
      ...part(0, split),
      batch,
      heads,
      kvHeads,
      length: split,
    })
    expect(relativeError(out as Float32Array, rows(whole, sizes.length, valueDim, 0, split))).toBeLessThan(
      5e-6,
    )
    for (let token = split; token < Math.min(split + 9, sizes.length); token++) {
      const one = await attention.step(state, part(token, token + 1))
      const wanted = rows(whole, sizes.length, valueDim, token, token + 1)
      expect(relativeError(one as Float32Array, wanted)).toBeLessThan(5e-6)
    }
  }
  attention.destroy()
})
