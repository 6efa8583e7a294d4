// A token that sees more keys than one workgroup takes, more of one batch item than of another, in heads that share keys.
import { describe, expect, test } from 'vitest'
import { enoughDevices, testDevice } from '../setup/test-devices.ts'
import { compileOne, expected, onDevice, relativeError, tensors } from './harness.ts'
import { partsOf, rows } from './parts.ts'

const specs = {
  scaled: 'attention a { dim: 5 value_dim: 67 kernel: exp(dot(q, k)) mask: causal }',
  'scaled, with a coefficient':
    'attention a { dim: 5 value_dim: 3 kernel: dot(q, k)^2 * exp(dot(q, k)) mask: causal epsilon: 1e-3 }',
  'scaled, not divided':
    'attention a { dim: 5 value_dim: 3 scale: 0.4 kernel: exp(dot(q, k)) mask: causal normalize: none }',
  'without an exponent, not divided':
    'attention a { dim: 5 value_dim: 3 kernel: 1 / (1 + dot(q - k, q - k)) mask: causal normalize: none }',
}

const [batch, heads, kvHeads, length] = [2, 6, 1, 260]
const lengths = [3, 254]
const tokens = 4

describe.each(enoughDevices)('on %s', (name) => {
  test.each(Object.entries(specs))('%s', async (_, spec) => {
    const built = compileOne(spec)
    const { valueDim } = built.model
    const attention = await onDevice(built, await testDevice(name))
    const sizes = { length, batch: 1, heads, kvHeads }
    const items = lengths.map((__, item) => tensors(built, sizes, item + 1, 0.7))
    const whole = items.map((inputs) => expected(built, sizes, inputs))
    const joined = (from: (item: number) => Float32Array[]): Float32Array<ArrayBuffer>[] =>
      from(0).map((one, tensor) => Float32Array.from([...one, ...(from(1)[tensor] ?? [])]))
    const part = (from: (item: number) => number, count: number) => {
      const [q = new Float32Array(), k = new Float32Array(), v = new Float32Array()] = joined((item) => {
        const inputs = items[item]
        if (inputs === undefined) return []
        const own = partsOf(built, sizes, inputs)(from(item), from(item) + count)
        return [own.q, own.k, own.v]
      })
      return { q, k, v }
    }
    const first = part(() => 0, 256)
    const { state } = await attention.prefill({ ...first, batch, heads, kvHeads, length: 256, lengths })
    for (let token = 0; token < tokens; token++) {
      const at = (item: number): number => (lengths[item] ?? 0) + token
      const out = await attention.step(state, part(at, 1))
      const right = whole.flatMap((one, item) => [...rows(one, length, valueDim, at(item), at(item) + 1)])
      expect(relativeError(out, Float64Array.from(right))).toBeLessThan(5e-6)
    }
    attention.destroy()
  })
})
