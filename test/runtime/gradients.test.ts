// Calls of `backward` and `encodeBackward`: buffers for its results, and what is said of those that are wrong.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { referenceGradients } from '../../compiler/index.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention } from '../../runtime/index.ts'
import { compileFor, normals, relativeError } from '../numeric/harness.ts'
import { countTraffic, testDevice } from './device.ts'

const spec = 'attention a { dim: 6 value_dim: 5 feature: elu1 mask: causal }'
type Gradients = Record<'dq' | 'dk' | 'dv', Float32Array>
const shape = { batch: 1, heads: 2, kvHeads: 1, length: 37 }
const [ofQueries, ofKeys, ofValues] = [2 * 37 * 6, 37 * 6, 37 * 5]
const arrays = {
  q: normals(ofQueries, 1),
  k: normals(ofKeys, 2),
  v: normals(ofValues, 3),
  dout: normals(2 * 37 * 5, 4),
}

let device: GPUDevice
let attention: Attention
beforeAll(async () => {
  device = await testDevice()
  attention = await createAttention(compileFor('webgpu', spec).program, { device })
})
afterAll(() => {
  attention.destroy()
  device.destroy()
})

const [STORAGE, COPY_SRC, COPY_DST, MAP_READ] = [0x80, 0x4, 0x8, 0x1]

function bufferOf(numbers: Float32Array | number, usage = STORAGE | COPY_SRC | COPY_DST): GPUBuffer {
  const count = typeof numbers === 'number' ? numbers : numbers.length
  const buffer = device.createBuffer({ size: count * 4, usage })
  if (typeof numbers !== 'number') device.queue.writeBuffer(buffer, 0, new Float32Array(numbers))
  return buffer
}

async function read(buffer: GPUBuffer): Promise<Float32Array> {
  const { size } = buffer
  const staging = device.createBuffer({ size, usage: MAP_READ | COPY_DST })
  const encoder = device.createCommandEncoder()
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, size)
  device.queue.submit([encoder.finish()])
  await staging.mapAsync(1)
  return new Float32Array(staging.getMappedRange().slice(0))
}

const onDevice = (): Record<keyof typeof arrays, GPUBuffer> => ({
  q: bufferOf(arrays.q),
  k: bufferOf(arrays.k),
  v: bufferOf(arrays.v),
  dout: bufferOf(arrays.dout),
})

test('gradients come in the buffers of the caller, as they come in arrays', async () => {
  const expected = await attention.backward({ ...arrays, ...shape })
  const own = { dq: bufferOf(ofQueries), dk: bufferOf(ofKeys), dv: bufferOf(ofValues) }
  const given = await attention.backward({ ...onDevice(), ...shape, ...own, wrt: [] })
  expect(given).toEqual(own)
  for (const name of ['dq', 'dk', 'dv'] as const) {
    expect(given[name]).toBe(own[name])
    expect(await read(own[name])).toEqual(expected[name])
    expect(expected[name].some((entry) => entry !== 0)).toBe(true)
  }
})

test('a buffer that cannot take a result is refused', async () => {
  const call = { ...onDevice(), ...shape }
  const refused = async (more: object, message: RegExp): Promise<void> =>
    expect(attention.backward({ ...call, ...more })).rejects.toThrow(message)
  await refused({ dk: bufferOf(ofKeys - 1) }, /a\.backward: dk is like k: k needs 888 bytes.* has 884/)
  await refused({ dv: bufferOf(ofValues, COPY_SRC) }, /dv is like v: the buffer v needs the usage STORAGE/)
  await refused({ dq: new Float32Array(ofQueries) }, /dq must be a GPUBuffer; it is/)
  await refused({ dq: call.q }, /dq must be another buffer than q/)
  const one = bufferOf(ofKeys)
  await refused({ dk: one, dv: one }, /dk must be another buffer than dv/)
  await expect(attention.backward({ ...arrays, ...shape, dq: bufferOf(ofQueries) })).rejects.toThrow(
    /dq goes with GPUBuffer tensors; for Float32Array the result is a new one/,
  )
})

test('what gradients are taken of is one of four words, and this attention has none but that of a state', async () => {
  const refused = async (wrt: unknown, expected: object): Promise<void> =>
    expect(attention.backward({ ...arrays, ...shape, wrt: wrt as never })).rejects.toMatchObject(expected)
  await refused('weights', { name: 'TypeError' })
  await refused(['q'], { name: 'TypeError' })
  for (const name of ['weights', 'inputs', 'projection'])
    await refused([name], { name: 'AttentionError', code: 'form' })
})

/** Like `arrays`, for so many rows. */
const callOf = (length: number, seed: number): Record<keyof typeof arrays, Float32Array> => ({
  q: normals(2 * length * 6, seed),
  k: normals(length * 6, seed + 1),
  v: normals(length * 5, seed + 2),
  dout: normals(2 * length * 5, seed + 3),
})

function expectGradients(found: Gradients, call: Record<keyof typeof arrays, Float32Array>, length: number) {
  const expected = referenceGradients(spec, 'a')({ ...call, ...shape, length, keyLength: length })
  for (const name of ['dq', 'dk', 'dv'] as const)
    expect(relativeError(found[name], expected[name])).toBeLessThan(1e-5)
}

describe('encodeBackward', () => {
  test('records gradients into the caller’s encoder, and moves no number through the host', async () => {
    using fresh = await createAttention(compileFor('webgpu', spec).program, { device })
    await fresh.prepareBackward()
    const calls = [callOf(23, 10), callOf(150, 20)]
    const [encoder, [mapped, written]] = [device.createCommandEncoder(), countTraffic(device)]
    const recorded = calls.map((call) => {
      const length = call.dout.length / 10
      const ins = { q: bufferOf(call.q), k: bufferOf(call.k), v: bufferOf(call.v), dout: bufferOf(call.dout) }
      written.bytes = 0
      const outs = { dq: bufferOf(call.q.length), dk: bufferOf(call.k.length), dv: bufferOf(call.v.length) }
      fresh.encodeBackward(encoder, { ...ins, ...outs }, { ...shape, length })
      return { call, length, outs, bytes: written.bytes }
    })
    // Sizes, and which rows count.
    for (const { bytes } of recorded) expect(bytes).toBeLessThan(600)
    expect(mapped.count).toBe(0)
    // Longer than those: the scratch that was recorded is replaced meanwhile.
    await fresh.backward({ ...callOf(300, 30), ...shape, length: 300 })
    device.queue.submit([encoder.finish()])
    for (const { call, length, outs } of recorded) {
      const [dq, dk, dv] = await Promise.all([read(outs.dq), read(outs.dk), read(outs.dv)])
      expectGradients({ dq, dk, dv }, call, length)
    }
  })

  test('follows redraw, and takes the gradients of what `encode` of the same encoder computes', async () => {
    const text = 'attention a { dim: 6 value_dim: 5 feature: relu_features projections: 8 }'
    using drawn = await createAttention(compileFor('webgpu', text).program, { device })
    await drawn.prepareBackward()
    drawn.redraw(7)
    const buffers = { ...onDevice(), dq: bufferOf(ofQueries), dk: bufferOf(ofKeys), dv: bufferOf(ofValues) }
    const encoder = device.createCommandEncoder()
    const { q, k, v } = buffers
    drawn.encode(encoder, { q, k, v, out: bufferOf(2 * 37 * 5) }, shape)
    drawn.encodeBackward(encoder, buffers, shape)
    device.queue.submit([encoder.finish()])
    const expected = referenceGradients(
      text,
      'a',
    )({ ...arrays, ...shape, keyLength: 37, projection: drawn.projection! })
    expect(relativeError(await read(buffers.dq), expected.dq)).toBeLessThan(1e-5)
  })

  test('is refused without buffers for all results, and before what it runs is loaded', async () => {
    using fresh = await createAttention(compileFor('webgpu', spec).program, { device })
    const encoder = device.createCommandEncoder()
    const results = { dq: bufferOf(ofQueries), dk: bufferOf(ofKeys), dv: bufferOf(ofValues) }
    const all = { ...onDevice(), ...results }
    const record = (buffers: object) => () => fresh.encodeBackward(encoder, buffers as never, shape)
    expect(record(all)).toThrow(expect.objectContaining({ code: 'unprepared' }))
    expect(record(all)).toThrow(/a\.encodeBackward: .*await prepareBackward\(\) first/)
    await fresh.prepareBackward()
    expect(record({ ...all, dk: undefined })).toThrow(
      /a\.encodeBackward: dk must be a GPUBuffer; it is nothing/,
    )
    expect(record({ ...all, dq: all.q })).toThrow(/dq must be another buffer than q/)
    expect(record(arrays)).toThrow(/a\.encodeBackward takes GPUBuffers/)
    expect(record({ ...all, lengths: [37] })).toThrow(/runs later/)
    expect(() => fresh.encodeBackward(null as never, all, shape)).toThrow(/expected a GPUCommandEncoder/)
    fresh.destroy()
    expect(record(all)).toThrow(expect.objectContaining({ code: 'destroyed' }))
  })
})
