// Devices for the tests of the runtime, which hold whatever the kernels compute.
import { nodeGpu } from '../../runtime/node-gpu.ts'
import { recordDevice } from '../setup/devices.ts'

/** A device of the test's own, with the default limits. */
export async function testDevice(): Promise<GPUDevice> {
  const { gpu } = await nodeGpu()
  const adapter = await gpu.requestAdapter()
  if (adapter === null) throw new Error('the tests of the runtime need a WebGPU adapter')
  recordDevice(`${adapter.info.description} (Dawn)`)
  return adapter.requestDevice()
}

/** Counts what a device creates and has not destroyed. */
export function countBuffers(device: GPUDevice): { created: number; live: number } {
  const count = { created: 0, live: 0 }
  const create = device.createBuffer.bind(device)
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor)
    const destroy = buffer.destroy.bind(buffer)
    let alive = true
    count.created++
    count.live++
    buffer.destroy = () => {
      if (alive) count.live--
      alive = false
      return destroy()
    }
    return buffer
  }
  return count
}

/** Counts the buffers of a device that are mapped from now on, and the bytes that are written into them. */
export function countTraffic(device: GPUDevice): [mapped: { count: number }, written: { bytes: number }] {
  const [mapped, written] = [{ count: 0 }, { bytes: 0 }]
  const create = device.createBuffer.bind(device)
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor)
    const map = buffer.mapAsync.bind(buffer)
    buffer.mapAsync = (...of) => {
      mapped.count++
      return map(...of)
    }
    if (descriptor.mappedAtCreation === true) written.bytes += descriptor.size
    return buffer
  }
  const { queue } = device
  const write = queue.writeBuffer.bind(queue)
  queue.writeBuffer = (...of: Parameters<typeof write>): undefined => {
    written.bytes += of[2].byteLength
    write(...of)
  }
  return [mapped, written]
}

const STORAGE_COPY = 0x80 | 0x4 | 0x8
const MAP_READ_COPY = 0x1 | 0x8

/** A storage buffer with these contents. */
export function bufferWith(device: GPUDevice, data: Float32Array | Uint32Array): GPUBuffer {
  const buffer = device.createBuffer({ size: data.byteLength, usage: STORAGE_COPY })
  device.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>)
  return buffer
}

export async function contentsOf(device: GPUDevice, buffer: GPUBuffer, count: number): Promise<Float32Array> {
  const staging = device.createBuffer({ size: count * 4, usage: MAP_READ_COPY })
  const encoder = device.createCommandEncoder()
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, count * 4)
  device.queue.submit([encoder.finish()])
  await staging.mapAsync(1)
  const contents = new Float32Array(staging.getMappedRange().slice(0))
  staging.destroy()
  return contents
}
