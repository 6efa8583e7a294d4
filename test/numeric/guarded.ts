/**
 * A call on buffers of the caller's, each longer than its tensor and ending in
 * a guard band. The output and every band start as poison; rows of k and v
 * past a batch item's length are poisoned too. Bits are compared on the host,
 * since WGSL has no NaN that one could test for.
 */
import type { Attention } from '../../runtime/index.ts'
import { bitsOf } from './compare.ts'
import { full } from './harness.ts'
import type { Sizes, Tensors } from './harness.ts'

/** Elements of poison behind each tensor. */
const band = 96

/** A NaN with a payload, −NaN, and a number whose square and double are not finite. */
const poisons: readonly number[] = [0x7fc0_1234, 0xffc0_4321, bits(3e38), bits(-3e38)]

export function poison(index: number): number {
  return poisons[index % poisons.length] ?? 0
}

function bits(number: number): number {
  return bitsOf(Float32Array.of(number))[0] ?? 0
}

/** @returns the output; throws where anything but the output was written */
export async function guardedForward(
  attention: Attention,
  device: GPUDevice,
  sizes: Sizes,
  inputs: Tensors,
): Promise<Float32Array> {
  const { batch, heads, length } = full(sizes)
  const { q, k, v } = poisonPastLengths(sizes, inputs)
  const contents = {
    q: guarded(bitsOf(q)),
    k: guarded(bitsOf(k)),
    v: guarded(bitsOf(v)),
    out: guarded(new Uint32Array(0), batch * heads * length * attention.valueDim),
    ...(sizes.lengths === undefined ? {} : { lengths: guarded(Uint32Array.from(sizes.lengths)) }),
  }
  const buffers = Object.fromEntries(
    Object.entries(contents).map(([name, data]) => [name, upload(device, name, data)]),
  ) as Record<keyof typeof contents, GPUBuffer>
  await attention.forward<GPUBuffer>({ ...full(sizes), ...buffers })
  const after = await readBack(device, Object.values(buffers))
  Object.values(buffers).forEach((buffer) => buffer.destroy())
  Object.entries(contents).forEach(([name, before], index) => {
    const found = after[index] ?? new Uint32Array(0)
    const from = name === 'out' ? before.length - band : 0
    const changed = before.findIndex((cell, at) => at >= from && found[at] !== cell)
    if (changed >= 0)
      throw new Error(`${name}[${changed}] was written; the tensor has ${before.length - band} numbers`)
  })
  const out = after[Object.keys(contents).indexOf('out')] ?? new Uint32Array(0)
  return new Float32Array(out.buffer, 0, out.length - band)
}

/** A tensor and its band; where the tensor is given shorter than `count`, the rest of it is poison, too. */
function guarded(tensor: Uint32Array, count = tensor.length): Uint32Array<ArrayBuffer> {
  const data = Uint32Array.from({ length: count + band }, (_, index) => poison(index))
  data.set(tensor)
  return data
}

/** Copies whose rows behind `lengths` hold poison. */
export function poisonPastLengths(sizes: Sizes, inputs: Tensors): Tensors {
  const { lengths } = sizes
  if (lengths === undefined) return inputs
  const { batch, kvHeads, keyLength } = full(sizes)
  const poisoned = (tensor: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> => {
    const copy = tensor.slice()
    const cells = bitsOf(copy)
    const width = tensor.length / (batch * kvHeads * keyLength)
    for (let group = 0; group < batch * kvHeads; group++) {
      const start = group * keyLength * width
      const visible = lengths[Math.floor(group / kvHeads)] ?? keyLength
      for (let at = start + visible * width; at < start + keyLength * width; at++) cells[at] = poison(at)
    }
    return copy
  }
  return { q: inputs.q, k: poisoned(inputs.k), v: poisoned(inputs.v) }
}

function upload(device: GPUDevice, label: string, data: Uint32Array<ArrayBuffer>): GPUBuffer {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC
  const buffer = device.createBuffer({ label, size: data.byteLength, usage })
  device.queue.writeBuffer(buffer, 0, data)
  return buffer
}

async function readBack(
  device: GPUDevice,
  buffers: readonly GPUBuffer[],
): Promise<Uint32Array<ArrayBuffer>[]> {
  const encoder = device.createCommandEncoder()
  const copies = buffers.map((buffer) => {
    const copy = device.createBuffer({
      size: buffer.size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    })
    encoder.copyBufferToBuffer(buffer, 0, copy, 0, buffer.size)
    return copy
  })
  device.queue.submit([encoder.finish()])
  await Promise.all(copies.map((copy) => copy.mapAsync(GPUMapMode.READ)))
  return copies.map((copy) => {
    const data = new Uint32Array(copy.getMappedRange().slice(0))
    copy.destroy()
    return data
  })
}
