/** Tensors of TensorFlow.js 4, and what is used of its backend webgpu, whose types call some of that private. */
import { AttentionError } from '../../../errors.ts'
import type { GPUBuffer, GPUCommandEncoder, GPUDevice } from '../../../contract/web-gpu.ts'

export interface TensorInfo {
  readonly dataId: object
  readonly shape: number[]
  readonly dtype: string
}

type Named<T> = Readonly<Record<string, T>>

/** As attentions make them. */
export interface NewTensor extends TensorInfo {
  readonly dtype: 'float32'
}

export interface TfjsBackend {
  readonly device: GPUDevice
  readonly commandEncoder: GPUCommandEncoder | null
  /** Of tensors that recorded commands use, whose buffers are therefore not to be given to others yet. */
  readonly commandQueueOwnedIds: { add(dataId: object): unknown }
  makeTensorInfo(shape: readonly number[], dtype: 'float32'): NewTensor
  disposeData(dataId: object): unknown
  uploadToGPU(dataId: object): void
  tensorToBinding(tensor: TensorInfo): { readonly buffer: GPUBuffer }
  ensureCommandEncoderReady(): void
  endComputePassEncoder(): void
  submitQueue(): void
}

const members = ['makeTensorInfo', 'uploadToGPU', 'tensorToBinding', 'endComputePassEncoder'] as const

/** @throws AttentionError `backend` for one of another version */
export function webgpuBackend(backend: object): TfjsBackend {
  const missing = members.find((name) => typeof (backend as Partial<TfjsBackend>)[name] !== 'function')
  if (missing === undefined) return backend as TfjsBackend
  throw new AttentionError(
    'backend',
    `TensorFlow.js: its backend webgpu has no ${missing}, as version 4.22 has. Try that one.`,
  )
}

/** New tensors of float32 with these shapes, which what `encode` records will write. */
export function recordInto(
  backend: TfjsBackend,
  inputs: Named<TensorInfo>,
  shapes: Named<readonly number[]>,
  encode: (encoder: GPUCommandEncoder, buffers: Named<GPUBuffer>) => void,
): NewTensor[] {
  const outputs = Object.values(shapes).map((shape) => backend.makeTensorInfo(shape, 'float32'))
  const named: [string, TensorInfo][] = Object.entries(inputs)
  Object.keys(shapes).forEach((name, n) => named.push([name, outputs[n] as NewTensor]))
  try {
    for (const [, { dataId }] of named) backend.uploadToGPU(dataId)
    backend.endComputePassEncoder()
    backend.ensureCommandEncoderReady()
    const buffers = named.map(([name, tensor]) => [name, backend.tensorToBinding(tensor).buffer] as const)
    for (const [, { dataId }] of named) backend.commandQueueOwnedIds.add(dataId)
    encode(backend.commandEncoder as GPUCommandEncoder, Object.fromEntries(buffers))
    return outputs
  } catch (thrown) {
    for (const { dataId } of outputs) backend.disposeData(dataId)
    throw thrown
  }
}

/** Destroying what recorded commands use would make them invalid. */
export function submitPending(backend: TfjsBackend): void {
  backend.endComputePassEncoder()
  if (backend.commandEncoder) backend.submitQueue()
}

const STORAGE = 0x80

/** Sets of lengths that are kept on the device. */
const KEPT = 16

/** Numbers of u32 on the device, for commands that are submitted later: nobody writes such a buffer again. */
export class WordBuffers {
  readonly #device: GPUDevice
  readonly #kept = new Map<string, GPUBuffer>()

  constructor(device: GPUDevice) {
    this.#device = device
  }

  of(words: Named<Uint32Array>): Named<GPUBuffer> {
    return Object.fromEntries(Object.entries(words).map(([name, one]) => [name, this.#bufferOf(one)]))
  }

  #bufferOf(words: Uint32Array): GPUBuffer {
    const key = words.join()
    const buffer = this.#kept.get(key) ?? this.#make(words)
    // The one asked for longest ago goes first. Commands may name it, so the garbage collector frees it.
    this.#kept.delete(key)
    this.#kept.set(key, buffer)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest)
    return buffer
  }

  #make(words: Uint32Array): GPUBuffer {
    const buffer = this.#device.createBuffer({
      label: 'attnc lengths',
      size: words.byteLength,
      usage: STORAGE,
      mappedAtCreation: true,
    })
    new Uint32Array(buffer.getMappedRange()).set(words)
    buffer.unmap()
    return buffer
  }

  destroy(): void {
    for (const buffer of this.#kept.values()) buffer.destroy()
    this.#kept.clear()
  }
}
