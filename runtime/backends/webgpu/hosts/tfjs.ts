/**
 * A kernel of TensorFlow.js, with its gradient, out of a compiled module. It runs on the device of the backend webgpu:
 * both directions are recorded into TensorFlow's own command encoder, from tensors to tensors, and nothing passes
 * through the host.
 */
import { refuseUnknown } from '../../../arguments/describe.ts'
import type { Attention, CreateOptions, EncodeBackwardBuffers, EncodeBuffers } from '../../../attention.ts'
import { AttentionError } from '../../../errors.ts'
import { shapesOf } from './shapes.ts'
import type { AttentionModule } from './shapes.ts'
import { recordInto, submitPending, webgpuBackend } from './tfjs-tensors.ts'
import type { NewTensor, TensorInfo } from './tfjs-tensors.ts'

export type { AttentionModule, NewTensor, TensorInfo }

type QueryKeyValue = Readonly<Record<'q' | 'k' | 'v', TensorInfo>>

/** What is used of `@tensorflow/tfjs`, or of `@tensorflow/tfjs-core`. */
export interface TensorFlow {
  getBackend(): string
  backend(): object
  engine(): { runKernel(name: string, inputs: never): unknown }
  registerKernel(kernel: {
    kernelName: string
    backendName: string
    kernelFunc: (call: { inputs: object }) => NewTensor[]
  }): void
  registerGradient(gradient: {
    kernelName: string
    inputsToSave: string[]
    gradFunc: (dout: unknown, saved: unknown[]) => { [name: string]: () => never }
  }): void
  unregisterKernel(kernelName: string, backendName: string): void
  unregisterGradient(kernelName: string): void
}

/** Of tensors of float32, `q` [B, H, L, D], `k` [B, KVH, S, D] and `v` [B, KVH, S, V], makes [B, H, L, V]. */
export interface TfjsAttention {
  <T extends TensorInfo>(q: T, k: T, v: T): T
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

  const onForward = (call: { inputs: object }): NewTensor[] => {
    const inputs = call.inputs as QueryKeyValue
    const { out, ...sizes } = shapesOf(attention, inputs)
    return recordInto(backend, inputs, { out }, (encoder, buffers) =>
      attention.encode(encoder, buffers as unknown as EncodeBuffers, sizes),
    )
  }
  const onBackward = (call: { inputs: object }): NewTensor[] => {
    const inputs = call.inputs as QueryKeyValue
    const { out: _, ...sizes } = shapesOf(attention, inputs)
    const shapes = { dq: inputs.q.shape, dk: inputs.k.shape, dv: inputs.v.shape }
    return recordInto(backend, inputs, shapes, (encoder, buffers) =>
      attention.encodeBackward(encoder, buffers as unknown as EncodeBackwardBuffers, sizes),
    )
  }
  const run = (kernel: string, inputs: object): never[] =>
    tf.engine().runKernel(kernel, inputs as never) as never[]

  tf.registerKernel({ kernelName: forward, backendName, kernelFunc: onForward })
  tf.registerKernel({ kernelName: backward, backendName, kernelFunc: onBackward })
  tf.registerGradient({
    kernelName: forward,
    inputsToSave: ['q', 'k', 'v'],
    gradFunc: (dout, [q, k, v]) => {
      const [dq, dk, dv] = run(backward, { q, k, v, dout }) as [never, never, never]
      return { q: () => dq, k: () => dk, v: () => dv }
    },
  })
  return Object.assign(<T extends TensorInfo>(q: T, k: T, v: T): T => run(forward, { q, k, v })[0] as never, {
    attention,
    dispose: () => {
      submitPending(backend)
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
