/**
 * Attentions of jax-js arrays, and their derivatives. Where jax computes on WebGPU they read and write the buffers of
 * its arrays, and nothing passes through the host.
 */
import { refuseUnknown } from '../../../arguments/describe.ts'
import type { BackwardCall, CreateOptions, ForwardCall, Tensor } from '../../../attention.ts'
import type { JaxArray, JaxAttention } from './jax-array.ts'
import { countsOf, shapesOf } from './shapes.ts'
import type { AttentionModule, Counts } from './shapes.ts'
import type { GPUDevice } from '../../../contract/web-gpu.ts'
import type { UnsharedFloat32Array } from '../../../contract/unshared.ts'

export { valueAndGradOfParts } from './jax-parts.ts'
export type { JaxTree, JaxWithDerivatives, Part } from './jax-parts.ts'
export type { AttentionModule, Counts, JaxArray, JaxAttention }

/** What is used of `@jax-js/jax`. */
export interface Jax {
  readonly numpy: {
    readonly array: (values: UnsharedFloat32Array, options: { shape: number[] }) => JaxArray
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
    }
  }
  const onHost = async (inputs: Named<JaxArray>, shapes: Named<number[]>, run: Run): Promise<JaxArray[]> => {
    const given = Object.entries(inputs).map(async ([name, of]) => [name, await of.ref.data()] as const)
    const found = await run(Object.fromEntries(await Promise.all(given)))
    return Object.entries(shapes).map(([name, shape]) => array(found[name] as never, { shape }))
  }
  const compute = onDevice ? onBuffers : onHost

  /** Uses the inputs up, whatever comes of it. */
  const onShapes = async (inputs: Inputs, counts: Counts, compute: Compute): Promise<never> => {
    try {
      const { out, ...sizes } = shapesOf(attention, inputs)
      return (await compute(out, { ...sizes, ...countsOf(attention, counts, sizes) })) as never
    } finally {
      for (const input of Object.values(inputs)) input.dispose()
    }
  }
  const forward = async (q: JaxArray, k: JaxArray, v: JaxArray, counts: Counts = {}): Promise<never> =>
    onShapes({ q, k, v }, counts, async (out, more) => {
      const run: Run = async (call) => ({
        out: await attention.forward({ ...call, ...more } as unknown as ForwardCall<Tensor>),
      })
      return (await compute({ q, k, v }, { out }, run))[0]
    })
  const vjp = async (
    q: JaxArray,
    k: JaxArray,
    v: JaxArray,
    dout: JaxArray,
    counts: Counts = {},
  ): Promise<never> =>
    onShapes({ q, k, v, dout }, counts, async (_, more) => {
      const shapes = { dq: q.shape, dk: k.shape, dv: v.shape }
      const run: Run = async (call) => ({
        ...(await attention.backward({ ...call, ...more } as unknown as BackwardCall<Tensor>)),
      })
      return compute({ q, k, v, dout }, shapes, run)
    })
  return Object.assign(forward, { vjp, attention })
}

type Inputs = Named<JaxArray> & Readonly<Record<'q' | 'k' | 'v', JaxArray>>

/** By the shape of the result, and what a call has beside its tensors. */
type Compute = (out: number[], more: object) => Promise<unknown>

/** A call of the attention, on tensors by name; gives results by name. */
type Run = (call: object) => Promise<Named<unknown>>
