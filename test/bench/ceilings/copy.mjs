// How fast the device moves memory: a kernel that copies one buffer into another.
import { downloaded, storage } from '../buffers.mjs'
import { WrongResult } from '../gate.mjs'
import { timingOf } from '../statistics.mjs'
import { normals } from '../tensors.mjs'
import { timeDispatch } from './dispatch.mjs'

/** Beyond the caches of GPUs, and within what any device binds. */
const bytes = 64 * 2 ** 20
const threads = 256
const code = `
@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> destination: array<vec4<f32>>;

@compute @workgroup_size(${threads})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  destination[id.x] = source[id.x];
}`

/**
 * @typedef {object} CopyRate
 * @property {number} bytes read and written
 * @property {number} milliseconds
 * @property {number} gigabytesPerSecond
 */

/**
 * @param {GPUDevice} device with `timestamp-query`
 * @returns {Promise<CopyRate>}
 */
export async function copyRate(device) {
  const piece = normals(2 ** 14, 1)
  const source = storage(device, bytes)
  for (let offset = 0; offset < bytes; offset += piece.byteLength)
    device.queue.writeBuffer(source, offset, piece)
  const destination = storage(device, bytes)
  const workgroups = /** @type {const} */ ([bytes / 16 / threads, 1])
  const work = { label: 'copy', code, buffers: [source, destination], workgroups }
  const { median } = timingOf(await timeDispatch(device, work, 7))
  const last = new Float32Array(await downloaded(device, destination, bytes - piece.byteLength))
  source.destroy()
  destination.destroy()
  if (last.some((value, index) => value !== piece[index])) throw new WrongResult('The copy kernel is wrong.')
  return { bytes: 2 * bytes, milliseconds: median, gigabytesPerSecond: (2 * bytes) / median / 1e6 }
}
