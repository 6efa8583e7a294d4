// Tensors to the device and back.

/**
 * @param {GPUDevice} device
 * @param {number} bytes
 */
export function storage(device, bytes) {
  return device.createBuffer({
    size: bytes,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  })
}

/**
 * @param {GPUDevice} device
 * @param {Float32Array<ArrayBuffer>} data
 */
export function uploaded(device, data) {
  const buffer = storage(device, data.byteLength)
  device.queue.writeBuffer(buffer, 0, data)
  return buffer
}

/**
 * Waits for everything submitted before it, since a queue runs in order.
 * @param {GPUDevice} device
 * @param {GPUBuffer} buffer
 * @param {number} [offset] in bytes
 * @param {number} [bytes]
 */
export async function downloaded(device, buffer, offset = 0, bytes = buffer.size - offset) {
  const staging = device.createBuffer({
    size: bytes,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  })
  const encoder = device.createCommandEncoder()
  encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes)
  device.queue.submit([encoder.finish()])
  await staging.mapAsync(GPUMapMode.READ)
  const copy = staging.getMappedRange().slice(0)
  staging.destroy()
  return copy
}
