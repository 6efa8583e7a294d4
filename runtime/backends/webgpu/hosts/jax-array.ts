/** Arrays of jax-js, and an attention of them. */
import type { Attention } from '../../../attention.ts'
import type { Counts } from './shapes.ts'
import type { GPUBuffer } from '../../../contract/web-gpu.ts'

/** An array of jax-js. What is given one uses one reference to it up. */
export interface JaxArray {
  readonly shape: number[]
  readonly dtype: string
  readonly ref: this
  data(): Promise<ArrayBufferView>
  gpuBuffer(): Promise<GPUBuffer>
  dispose(): void
}

/**
 * Of `q` [B, H, L, D], `k` [B, KVH, S, D] and `v` [B, KVH, S, V], which it uses up, makes [B, H, L, V]. Lengths say how
 * many rows of each batch item count, as in a call of `forward`.
 */
export interface JaxAttention {
  <A extends JaxArray>(q: A, k: A, v: A, counts?: Counts): Promise<A>
  /** Cotangents of q, k and v from `dout`, that of the result. */
  vjp<A extends JaxArray>(q: A, k: A, v: A, dout: A, counts?: Counts): Promise<[A, A, A]>
  readonly attention: Attention
}
