// `backward` of the backend reference: what compiler/reference/gradient/ computes, as calls of the runtime have it.
import { expect, test, vi } from 'vitest'
import { reference, referenceGradients } from '../../compiler/index.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention } from '../../runtime/index.ts'
import { compileOne, normals, tensors } from '../numeric/harness.ts'

vi.mock('../../runtime/node/packages.ts', async (original) => ({
  ...(await original<object>()),
  importPackage: () => Promise.resolve({ reference, referenceGradients }),
}))

const source = 'attention a { dim: 5 value_dim: 3 scale: 0.4 feature: favor projections: 4 mask: causal }'
const sizes = { batch: 2, heads: 4, kvHeads: 2, length: 7, keyLength: 7 }

test('gradients of a call, in the shapes of its tensors', async () => {
  const built = compileOne(source)
  using attention = await createAttention(built.program, { backend: 'reference' })
  const { q, k, v } = tensors(built, sizes, 1)
  const dout = Float32Array.from({ length: 2 * 4 * 7 * 3 }, (_, place) => Math.sin(place))
  const lengths = Uint32Array.of(7, 5)
  const call = { q, k, v, dout, lengths, ...sizes }
  const { dq, dk, dv } = await attention.backward(call)
  const expected = referenceGradients(source, 'a')({ ...call, projection: attention.projection! })
  expect({ dq, dk, dv }).toEqual({
    dq: Float32Array.from(expected.dq),
    dk: Float32Array.from(expected.dk),
    dv: Float32Array.from(expected.dv),
  })
  expect([dq.length, dk.length, dv.length]).toEqual([q.length, k.length, v.length])
})

test('weights are those that it was made with', async () => {
  const marks = 'attention a { dim: 2 kernel: exp(dot(q, k)) landmarks: 2 segment_means conv: 3 }'
  const built = compileOne(marks)
  const conv = Float32Array.of(1, 2, 3)
  using attention = await createAttention(built.program, { backend: 'reference', weights: { conv } })
  const { q, k, v } = tensors(built, { length: 5 }, 1)
  const dout = new Float32Array(10).fill(1)
  const call = { q, k, v, dout, length: 5, keyLength: 5, batch: 1, heads: 1, kvHeads: 1 }
  const { dv } = await attention.backward(call)
  expect(dv).toEqual(Float32Array.from(referenceGradients(marks, 'a')({ ...call, conv }).dv))
})

test('wrt asks for those of the projection and of weights, and for no others', async () => {
  const built = compileOne(source)
  using attention = await createAttention(built.program, { backend: 'reference' })
  const call = { ...tensors(built, { length: 4 }, 1), dout: normals(12, 2), length: 4 }
  const full = { ...call, batch: 1, heads: 1, kvHeads: 1, keyLength: 4, projection: attention.projection! }
  const { dprojection, dweights } = await attention.backward({ ...call, wrt: ['projection'] })
  const wanted = referenceGradients(source, 'a')({ ...full, wrt: ['projection'] }).dprojection!
  expect(dprojection).toEqual(Float32Array.from(wanted))
  expect(dprojection).toHaveLength(4 * 5)
  expect(dweights).toBeUndefined()
  const refused = async (of: Attention, wrt: unknown, message: RegExp): Promise<void> =>
    expect(of.backward({ ...call, wrt: wrt as never })).rejects.toThrow(message)
  await refused(
    attention,
    ['weights'],
    /wrt: \['weights'\] has no gradient here; there are those of q, k, v, projection/,
  )
  await refused(
    attention,
    ['q'],
    /wrt must be an array of 'weights', 'inputs', 'projection', 'state'; it has "q"/,
  )

  const marks =
    'attention a { dim: 5 value_dim: 3 kernel: exp(dot(q, k)) landmarks: 2 segment_means conv: 3 }'
  const conv = Float32Array.of(1, 2, 3)
  using pooled = await createAttention(compileOne(marks).program, { backend: 'reference', weights: { conv } })
  const found = await pooled.backward({ ...call, wrt: ['weights'] })
  const { dweights: expected } = referenceGradients(marks, 'a')({ ...full, conv, wrt: ['weights'] })
  expect(found.dweights).toEqual({ conv: Float32Array.from(expected!.conv!) })
})

test('a call without cotangents is refused, as is one after the attention is destroyed', async () => {
  const built = compileOne(source)
  const attention = await createAttention(built.program, { backend: 'reference' })
  const call = { ...tensors(built, { length: 4 }, 1), length: 4 }
  await expect(attention.backward(call as never)).rejects.toThrow('dout must be a Float32Array')
  attention.destroy()
  const dout = new Float32Array(12)
  await expect(attention.backward({ ...call, dout })).rejects.toMatchObject({ code: 'destroyed' })
})
