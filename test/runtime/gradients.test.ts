// Calls of `backward`: buffers for its results, and what is said of those that are wrong.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAttention } from '../../runtime/index.ts'
import type { Attention } from '../../runtime/index.ts'
import { compileFor, normals } from '../numeric/harness.ts'
import { testDevice } from './device.ts'

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
  attention = await createAttention(
    compileFor('webgpu', 'attention a { dim: 6 value_dim: 5 feature: elu1 mask: causal }').program,
    { device },
  )
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

test('what gradients are taken of is one of four words, for which there is none yet', async () => {
  const refused = async (wrt: unknown, expected: object): Promise<void> =>
    expect(attention.backward({ ...arrays, ...shape, wrt: wrt as never })).rejects.toMatchObject(expected)
  await refused('weights', { name: 'TypeError' })
  await refused(['q'], { name: 'TypeError' })
  for (const name of ['weights', 'inputs', 'projection', 'state'])
    await refused([name], { name: 'AttentionError', code: 'form' })
})
