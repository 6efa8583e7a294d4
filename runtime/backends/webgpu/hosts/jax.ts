/**
 * Attentions of jax-js arrays, and their derivatives. Where jax computes on WebGPU they read and write the buffers of
 * its arrays, and nothing passes through the host.
 */
import { refuseUnknown } from '../../../arguments/describe.ts'
import type { BackwardCall, CreateOptions, ForwardCall, Tensor } from '../../../attention.ts'
import type { JaxArray, JaxAttention } from './jax-array.ts'
import { shapesOf } from './shapes.ts'
import type { AttentionModule } from './shapes.ts'

export { valueAndGradOfParts } from './jax-parts.ts'
export type { JaxTree, JaxWithDerivatives, Part } from './jax-parts.ts'
export type { AttentionModule, JaxArray, JaxAttention }

/** What is used of `@jax-js/jax`. */
export interface Jax {
  readonly numpy: {
    readonly array: (values: Float32Array<ArrayBuffer>, options: { shape: number[] }) => JaxArray
    readonly zeros: (shape: number[]) => JaxArray
  }
  readonly defaultDevice: () => string
  readonly getWebGPUDevice: () => GPUDevice
}

type Named<T> = Readonly<Record<string, T>>

/**
 * An attention of arrays on jax's default device.
 *
 * @param options as `create` takes them
 * @throws AttentionError what `create` throws
 */
export async function attentionInJax(
  jax: Jax,
  module: AttentionModule,
  options: Pick<CreateOptions, 'projection' | 'weights' | 'threads'> = {},
): Promise<JaxAttention> {
  refuseUnknown('attentionInJax', options, ['projection', 'weights', 'threads'])
  const onDevice = jax.defaultDevice() === 'webgpu'
  const attention = await module.create(
    onDevice ? { ...options, device: jax.getWebGPUDevice(), backend: 'webgpu' } : options,
  )
  const { zeros, array } = jax.numpy

  const onBuffers = async (
    inputs: Named<JaxArray>,
    shapes: Named<number[]>,
    run: Run,
  ): Promise<JaxArray[]> => {
    const results = Object.entries(shapes).map(([name, shape]) => [name, zeros(shape)] as const)
    const given = [...Object.entries(inputs), ...results]
    const buffers = given.map(async ([name, of]) => [name, await of.ref.gpuBuffer()] as const)
    try {
      await run(Object.fromEntries(await Promise.all(buffers)))
      return results.map(([, result]) => result)
    } catch (thrown) {
      for (const [, result] of results) result.dispose()
      throw thrown
    } finally {
      for (const input of Object.values(inputs)) input.dispose()
    }
  }
  const onHost = async (inputs: Named<JaxArray>, shapes: Named<number[]>, run: Run): Promise<JaxArray[]> => {
    const given = Object.entries(inputs).map(async ([name, of]) => [name, await of.data()] as const)
    const found = await run(Object.fromEntries(await Promise.all(given)))
    return Object.entries(shapes).map(([name, shape]) => array(found[name] as never, { shape }))
  }
  const compute = onDevice ? onBuffers : onHost

  const forward = async (q: JaxArray, k: JaxArray, v: JaxArray): Promise<never> => {
    const { out, ...sizes } = shapesOf(attention, { q, k, v })
    const run: Run = async (call) => ({
      out: await attention.forward({ ...call, ...sizes } as ForwardCall<Tensor>),
    })
    return (await compute({ q, k, v }, { out }, run))[0] as never
  }
  const vjp = async (q: JaxArray, k: JaxArray, v: JaxArray, dout: JaxArray): Promise<never> => {
    const { out: _, ...sizes } = shapesOf(attention, { q, k, v })
    const shapes = { dq: q.shape, dk: k.shape, dv: v.shape }
    const run: Run = async (call) => ({
      ...(await attention.backward({ ...call, ...sizes } as BackwardCall<Tensor>)),
    })
    return (await compute({ q, k, v, dout }, shapes, run)) as never
  }
  return Object.assign(forward, { vjp, attention })
}

/** A call of the attention, on tensors by name; gives results by name. */
type Run = (call: object) => Promise<Named<unknown>>
