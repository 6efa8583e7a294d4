// Decay, and the recurrent form: a prefix at once, then a token at a time, is the whole sequence.
import { describe, expect, it } from 'vitest'
import { enoughDevices, testDevice } from '../setup/test-devices.ts'
import {
  compileOne,
  expected,
  forward,
  full,
  onDevice,
  relativeError,
  tensors,
  weightsFor,
} from './harness.ts'
import { partsOf, rows } from './parts.ts'

const sizes = { length: 70, batch: 2, heads: 2, kvHeads: 1 }

const specs = {
  'without exponent': 'attention a { dim: 6 value_dim: 5 feature: elu1 mask: causal }',
  'retention, a decay per head':
    'attention a { dim: 6 value_dim: 5 feature: identity mask: causal normalize: none decay: 1 - 2^(-2 - head) }',
  'scaled, two blocks, wide values, decay and ε':
    'attention a { dim: 6 value_dim: 70 scale: 0.4 feature: favor_hyperbolic projections: 21 mask: causal decay: 0.9 epsilon: 1e-3 }',
  'several tiles of components, two columns a thread':
    'attention a { dim: 10 value_dim: 140 scale: 0.4 feature: favor projections: 150 mask: causal }',
  'an exponent of the row alone':
    'attention a { dim: 6 scale: 0.4 feature: favor_trigonometric projections: 11 mask: causal normalize: none }',
  'exact, from a cache of keys and values':
    'attention a { dim: 6 value_dim: 5 kernel: exp(dot(q, k)) mask: causal }',
  'exact, with a weight beside the keys':
    'attention a { dim: 6 value_dim: 5 weights: s scalar kernel: exp(dot(q, k)) mask: causal sink: s + head }',
  'exact, by what each token lets pass':
    'attention a { dim: 6 value_dim: 5 inputs: f scalar kernel: exp(dot(q, k)) mask: causal decay: sigmoid(f) }',
  position:
    'feature f(x) = [relu(x) * cos(position / 50), relu(x) * sin(position / 50), 1] attention a { dim: 6 feature: f mask: causal }',
}

// One device is enough to show the algebra; the others run what every kernel shares.
describe.each(enoughDevices)('on %s', (name) => {
  it.each(Object.entries(specs))('%s', async (_, spec) => {
    const built = compileOne(spec)
    const { valueDim } = built.model
    const weights = weightsFor(built, sizes)
    const attention = await onDevice(built, await testDevice(name), undefined, weights)
    const inputs = tensors(built, sizes, 1, 0.7)
    const whole = expected(built, sizes, inputs, undefined, weights)
    expect(relativeError(await forward(attention, sizes, inputs), whole)).toBeLessThan(2e-6)

    for (const split of [1, 33]) {
      const part = partsOf(built, sizes, inputs)
      const { batch, heads, kvHeads } = full(sizes)
      const { out, state } = await attention.prefill({
        ...part(0, split),
        batch,
        heads,
        kvHeads,
        length: split,
      })
      expect(relativeError(out, rows(whole, sizes.length, valueDim, 0, split))).toBeLessThan(2e-6)
      for (let token = split; token < sizes.length; token++) {
        const one = await attention.step(state, part(token, token + 1))
        expect(relativeError(one, rows(whole, sizes.length, valueDim, token, token + 1))).toBeLessThan(5e-6)
      }
      state.destroy()
      await expect(attention.step(state, part(0, 1))).rejects.toThrow(/was destroyed/)
    }
    attention.destroy()
  })

  it.each(['without exponent', 'exact, from a cache of keys and values'] as const)(
    'states are copied, saved and restored: %s',
    async (which) => {
      const built = compileOne(specs[which])
      const { valueDim } = built.model
      const attention = await onDevice(built, await testDevice(name))
      const inputs = tensors(built, sizes, 5)
      const whole = expected(built, sizes, inputs)
      const part = partsOf(built, sizes, inputs)
      const { batch, heads, kvHeads } = full(sizes)
      // One row short of the room that a cache of 64 rows has, so that the next tokens make it grow.
      const { state } = await attention.prefill({ ...part(0, 63), batch, heads, kvHeads, length: 63 })
      const copied = state.copy()
      const saved = await state.save()
      for (let token = 63; token < 66; token++) await attention.step(state, part(token, token + 1))
      state.destroy()
      const other = await onDevice(built, await testDevice(name))
      const restored = await other.restore(structuredClone(saved))
      for (const [of, one] of [
        [attention, copied],
        [other, restored],
      ] as const) {
        expect(one.position).toBe(63)
        for (let token = 63; token < sizes.length; token++)
          expect(
            relativeError(
              await of.step(one, part(token, token + 1)),
              rows(whole, sizes.length, valueDim, token, token + 1),
            ),
          ).toBeLessThan(5e-6)
        one.destroy()
      }
      await expect(other.restore({ ...saved, tensors: {} })).rejects.toThrow(/expected to have \d+ numbers/)
      attention.destroy()
      other.destroy()
    },
  )

  it('has no recurrent form where a feature asks for the length', async () => {
    const built = compileOne('attention a { dim: 4 feature: cosformer mask: causal }')
    const attention = await onDevice(built, await testDevice(name))
    await expect(attention.prefill({ ...tensors(built, { length: 3 }, 1), length: 3 })).rejects.toThrow(
      /prefill/,
    )
    attention.destroy()
  })
})
