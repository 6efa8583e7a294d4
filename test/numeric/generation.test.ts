// Two thousand tokens, one by one, are one forward pass, and the state is as large as after the first.
import { describe, expect, it } from 'vitest'
import { enoughDevices, testDevice } from '../setup/test-devices.ts'
import { compileOne, expected, forward, onDevice, relativeError, tensors } from './harness.ts'

const length = 2000
const heads = 2

const spec = `attention a {
  dim: 4 scale: 0.5 feature: favor projections: 12 orthogonal mask: causal decay: 1 - 2^(-5 - 3 * head)
}`

describe.each(enoughDevices)('on %s', (name) => {
  it('generating is reading', async () => {
    const built = compileOne(spec)
    const { dim } = built.model
    const attention = await onDevice(built, await testDevice(name))
    const inputs = tensors(built, { length, heads }, 4)
    const whole = await forward(attention, { length, heads }, inputs)
    expect(relativeError(whole, expected(built, { length, heads }, inputs))).toBeLessThan(2e-6)

    const rowOf = (tensor: Float32Array, row: number): Float32Array<ArrayBuffer> =>
      Float32Array.from({ length: heads * dim }, (_, n) => {
        const [head, column] = [Math.floor(n / dim), n % dim]
        return tensor[(head * length + row) * dim + column] ?? Number.NaN
      })
    const token = (row: number) => ({
      q: rowOf(inputs.q, row),
      k: rowOf(inputs.k, row),
      v: rowOf(inputs.v, row),
    })
    const { out, state } = await attention.prefill({ ...token(0), heads, length: 1 })
    const { tensors: before } = await state.save()
    const rows = [out]
    for (let row = 1; row < length; row++) rows.push(await attention.step(state, token(row)))
    const generated = Float32Array.from({ length: whole.length }, (_, n) => {
      const [head, row, column] = [Math.floor(n / (length * dim)), Math.floor(n / dim) % length, n % dim]
      return rows[row]?.[head * dim + column] ?? Number.NaN
    })
    expect(relativeError(generated, whole)).toBeLessThan(5e-6)
    expect(state.position).toBe(length)

    const { tensors: after } = await state.save()
    const numbers = (saved: typeof after): number =>
      Object.values(saved).reduce((sum, tensor) => sum + tensor.length, 0)
    expect(numbers(after)).toBe(numbers(before))
    state.destroy()
    attention.destroy()
  })
})
