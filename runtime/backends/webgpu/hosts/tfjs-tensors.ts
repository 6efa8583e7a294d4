/** Tensors of TensorFlow.js 4, and what is used of its backend webgpu, whose types call some of that private. */
import { AttentionError } from '../../../errors.ts'

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
