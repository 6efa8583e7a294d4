// Token by token in the float64 reference, beside one whole sequence.
import { expect, test, vi } from 'vitest'
import { reference } from '../../compiler/index.ts'
import { createAttention } from '../../runtime/index.ts'
import { compileOne, expected, forward, relativeError, tensors } from '../numeric/harness.ts'

vi.mock('../../runtime/node/packages.ts', async (original) => ({
  ...(await original<object>()),
  importPackage: () => Promise.resolve({ reference }),
}))

const specs = {
  factorised: 'feature: elu1 decay: 1 - 2^(-1 - head)',
  exact: 'kernel: exp(dot(q, k)) scale: 1 / sqrt(dim)',
}
const sizes = { batch: 2, heads: 4, kvHeads: 2, length: 7 }

/** Rows `from` to `to` of each of the heads of a tensor [heads, length, width]. */
function rowsOf(
  tensor: Float32Array,
  heads: number,
  from: number,
  to: number,
  length = sizes.length,
): Float32Array {
  const each = tensor.length / heads
  const width = each / length
  const parts = Array.from({ length: heads }, (_, head) => [
    ...tensor.subarray(head * each + from * width, head * each + to * width),
  ])
  return Float32Array.from(parts.flat())
}

test.each(Object.entries(specs))('%s: prefill and step give the rows of forward', async (_, settings) => {
  const built = compileOne(`attention a { dim: 5 value_dim: 3 mask: causal ${settings} }`)
  const attention = await createAttention(built.program, { backend: 'reference' })
  const { q, k, v } = tensors(built, sizes, 1)
  const whole = await forward(attention, sizes, { q, k, v })
  expect(relativeError(whole, expected(built, sizes, { q, k, v }))).toBeLessThan(1e-7)

  const { batch, heads, kvHeads, length } = sizes
  const part = (from: number, to: number) => ({
    q: rowsOf(q, batch * heads, from, to),
    k: rowsOf(k, batch * kvHeads, from, to),
    v: rowsOf(v, batch * kvHeads, from, to),
  })
  const { out, state } = await attention.prefill({ ...part(0, 3), batch, heads, kvHeads, length: 3 })
  expect(out).toEqual(rowsOf(whole, batch * heads, 0, 3))
  let going = state
  for (let position = 3; position < length; position++) {
    const other = going.copy()
    await attention.step(other, part(0, 1))
    expect([going.position, other.position]).toEqual([position, position + 1])
    const row = await attention.step(going, part(position, position + 1))
    expect(row).toEqual(rowsOf(whole, batch * heads, position, position + 1))
    going = await attention.restore(await going.save())
  }

  await expect(attention.step(going, { ...part(0, 1), heads: 3 })).rejects.toThrow(/heads is 4 in the state/)
  await expect(attention.step({} as never, part(0, 1))).rejects.toThrow(/must be one that prefill/)
  going.destroy()
  await expect(attention.step(going, part(0, 1))).rejects.toMatchObject({ code: 'destroyed' })
})

test.each(Object.entries(specs))(
  '%s: a prefix goes on without the keys past its lengths',
  async (_, settings) => {
    const built = compileOne(
      `attention a { dim: 5 value_dim: 3 mask: causal ${settings.replace(/decay.*/, '')} }`,
    )
    using attention = await createAttention(built.program, { backend: 'reference' })
    const { q, k, v } = tensors(built, { heads: 2, length: 4 }, 1)
    const call = (from: number, to: number) => ({
      q: rowsOf(q, 2, from, to, 4),
      k: rowsOf(k, 2, from, to, 4),
      v: rowsOf(v, 2, from, to, 4),
    })
    const shorter = await attention.prefill({ ...call(0, 2), heads: 2, length: 2 })
    const { state } = await attention.prefill({ ...call(0, 3), heads: 2, length: 3, lengths: [2] })
    const restored = await attention.restore(await state.save())
    const expected = await attention.step(shorter.state, call(3, 4))
    for (const one of [state, restored]) expect(await attention.step(one, call(3, 4))).toEqual(expected)
    expect(state.position).toBe(3)
  },
)

test('weights are read when it is made', async () => {
  const built = compileOne('attention a { dim: 2 kernel: exp(dot(q, k)) landmarks: 2 segment_means conv: 3 }')
  const conv = Float32Array.of(1, 2, 3)
  using attention = await createAttention(built.program, { backend: 'reference', weights: { conv } })
  const call = { ...tensors(built, { length: 5 }, 1), length: 5 }
  const before = await attention.forward(call)
  conv.fill(0)
  expect(await attention.forward(call)).toEqual(before)
})
