/**
 * A kernel of TensorFlow.js, with its gradient, out of a compiled module. It runs on the device of the backend webgpu:
 * both directions are recorded into TensorFlow's own command encoder, from tensors to tensors, and nothing passes
 * through the host.
 */
import { refuseUnknown } from '../../../arguments/describe.ts'
import type { Attention, CreateOptions, EncodeBackwardBuffers, EncodeBuffers } from '../../../attention.ts'
import { AttentionError } from '../../../errors.ts'
import { countsOf, shapesOf } from './shapes.ts'
import type { AttentionModule, Counts } from './shapes.ts'
import { recordInto, submitPending, webgpuBackend, WordBuffers } from './tfjs-tensors.ts'
import type { NewTensor, TensorInfo } from './tfjs-tensors.ts'

export type { AttentionModule, Counts, NewTensor, TensorInfo }

type QueryKeyValue = Readonly<Record<'q' | 'k' | 'v', TensorInfo>>

interface KernelCall {
  readonly inputs: object
  readonly attrs?: unknown
}

/** What is used of `@tensorflow/tfjs`, or of `@tensorflow/tfjs-core`. */
export interface TensorFlow {
  getBackend(): string
  backend(): object
  engine(): { runKernel(name: string, inputs: never, attributes?: never): unknown }
  registerKernel(kernel: {
    kernelName: string
    backendName: string
    kernelFunc: (call: KernelCall) => NewTensor[]
  }): void
  registerGradient(gradient: {
    kernelName: string
    inputsToSave: string[]
    gradFunc: (dout: unknown, saved: unknown[], attributes?: unknown) => { [name: string]: () => never }
  }): void
  unregisterKernel(kernelName: string, backendName: string): void
  unregisterGradient(kernelName: string): void
}

/**
 * Of tensors of float32, `q` [B, H, L, D], `k` [B, KVH, S, D] and `v` [B, KVH, S, V], makes [B, H, L, V]. Lengths say
 * how many rows of each batch item count, as in a call of `forward`.
 */
export interface TfjsAttention {
  <T extends TensorInfo>(q: T, k: T, v: T, counts?: Counts): T
  readonly attention: Attention
  /** Unregisters the kernel, and destroys the attention. */
  dispose(): void
}

const backendName = 'webgpu'
let registrations = 0

/**
 * Registers the attention of a module, and its gradients by q, k and v.
 *
 * @param options as `create` takes them
 * @throws AttentionError `backend` where TensorFlow.js runs on another backend than webgpu, `form` where the attention
 *   has no gradients, and what `create` throws
 */
export async function registerAttention(
  tf: TensorFlow,
  module: AttentionModule,
  options: Pick<CreateOptions, 'projection' | 'weights'> = {},
): Promise<TfjsAttention> {
  refuseUnknown('registerAttention', options, ['projection', 'weights'])
  if (tf.getBackend() !== backendName) throw asynchronous(tf.getBackend())
  const backend = webgpuBackend(tf.backend())
  const attention = await module.create({ ...options, device: backend.device, backend: backendName })
  try {
    await attention.prepareBackward()
  } catch (thrown) {
    attention.destroy()
    throw thrown
  }
  const forward = `attnc ${attention.name} ${++registrations}`
  const backward = `${forward} backward`

  const words = new WordBuffers(backend.device)
  const callOf = ({ inputs, attrs }: KernelCall) => {
    const tensors = inputs as QueryKeyValue
    const { out, ...sizes } = shapesOf(attention, tensors)
    return {
      inputs: tensors,
      out,
      sizes,
      counts: words.of(countsOf(attention, attrs ?? {}, sizes)),
    }
  }
  const onForward = (call: KernelCall): NewTensor[] => {
    const { inputs, out, sizes, counts } = callOf(call)
    return recordInto(backend, inputs, { out }, (encoder, buffers) =>
      attention.encode(encoder, { ...buffers, ...counts } as unknown as EncodeBuffers, sizes),
    )
  }
  const onBackward = (call: KernelCall): NewTensor[] => {
    const { inputs, sizes, counts } = callOf(call)
    const shapes = { dq: inputs.q.shape, dk: inputs.k.shape, dv: inputs.v.shape }
    return recordInto(backend, inputs, shapes, (encoder, buffers) =>
      attention.encodeBackward(encoder, { ...buffers, ...counts } as unknown as EncodeBackwardBuffers, sizes),
    )
  }
  const run = (kernel: string, inputs: object, counts: unknown): never[] =>
    tf.engine().runKernel(kernel, inputs as never, counts as never) as never[]

  tf.registerKernel({ kernelName: forward, backendName, kernelFunc: onForward })
  tf.registerKernel({ kernelName: backward, backendName, kernelFunc: onBackward })
  tf.registerGradient({
    kernelName: forward,
    inputsToSave: ['q', 'k', 'v'],
    gradFunc: (dout, [q, k, v], counts) => {
      const [dq, dk, dv] = run(backward, { q, k, v, dout }, counts) as [never, never, never]
      return { q: () => dq, k: () => dk, v: () => dv }
    },
  })
  const attend = <T extends TensorInfo>(q: T, k: T, v: T, counts: Counts = {}): T =>
    run(forward, { q, k, v }, counts)[0] as never
  return Object.assign(attend, {
    attention,
    dispose: () => {
      submitPending(backend)
      words.destroy()
      tf.unregisterGradient(forward)
      for (const kernel of [forward, backward]) tf.unregisterKernel(kernel, backendName)
      attention.destroy()
    },
  })
}

const asynchronous = (backend: string): AttentionError =>
  new AttentionError(
    'backend',
    `registerAttention: TensorFlow.js runs on ${backend}, where kernels return at once and attentions do not. ` +
      "await tf.setBackend('webgpu') first, or call forward and backward of the attention on `await tensor.data()`.",
  )
