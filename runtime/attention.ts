/// <reference lib="esnext.disposable" preserve="true" />
/**
 * What a user of a compiled attention holds and passes.
 *
 * Letters: B batch items, H query heads, KVH key/value heads (H is a multiple of
 * KVH), L query rows, S key rows, D `dim`, V `valueDim`. Tensors are row-major
 * f32, either all `Float32Array` (the result is one, too) or all `GPUBuffer` on
 * the attention's device (the result is one, too, and nothing passes through
 * the host). With the storage f16 they are `Float16Array`, `Uint16Array` of the
 * same bits, or `GPUBuffer` of two bytes a number.
 */
import type { BackendName } from './contract/backends.ts'
import type { GPUBuffer, GPUCommandEncoder, GPUDevice } from './contract/web-gpu.ts'

export type Tensor = WideTensor | HalfArray

/** What kernels take: f32, on the host or on the device. */
export type WideTensor = Float32Array | GPUBuffer

/** Numbers of f16: a `Float16Array`, where the engine has that class, or a `Uint16Array` of the same bits. */
export interface HalfArray extends ArrayBufferView {
  readonly BYTES_PER_ELEMENT: number
  readonly length: number
  readonly [Symbol.toStringTag]: 'Float16Array' | 'Uint16Array'
}

/** The sizes of a call; each a positive integer. */
export interface Sizes {
  /** L, query rows. */
  readonly length: number
  /** S, key rows; `length` where it is not given. */
  readonly keyLength?: number | undefined
  /** B; 1 where it is not given. */
  readonly batch?: number | undefined
  /** H; 1 where it is not given. */
  readonly heads?: number | undefined
  /** KVH, a divisor of `heads`; `heads` where it is not given. */
  readonly kvHeads?: number | undefined
  /**
   * VH, of v and of inputs; `kvHeads` where it is not given. H′, the heads of the result, is the largest of the three
   * counts, and a multiple of the others. The backend reference alone takes another than `kvHeads`.
   */
  readonly valueHeads?: number | undefined
  /**
   * Which of n heads of a tensor head h of the result uses: ⌊h·n/H′⌋, or with 'tiled' h mod n. The backend reference
   * alone takes 'tiled'.
   */
  readonly headOrder?: 'grouped' | 'tiled' | undefined
  /**
   * 'bhld', where it is not given: tensors are as their shapes are written here. 'blhd': heads are inside rows, results
   * included, [B, L, H, D] and [B, S, KVH, D]. Kernels of WebGPU read and write either as it lies; other backends, which
   * take arrays, turn these. A token has one row, so that both are the same to `step`.
   */
  readonly layout?: 'bhld' | 'blhd' | undefined
}

/** [B] rows of each batch item that count. */
export type Lengths = ArrayLike<number>

/** T is `Float32Array`, a `HalfArray` or `GPUBuffer`; buffers need the usage STORAGE and may be larger than what is asked. */
export interface ForwardCall<T extends Tensor> extends Sizes {
  /** [B, H, L, D] */
  readonly q: T
  /** [B, KVH, S, D] */
  readonly k: T
  /** [B, KVH, S, V] */
  readonly v: T
  /**
   * Keys that count, each 0 … S; the rest are as if absent. A row that sees no key is zero. Beside buffers also u32 on
   * the device, where nobody checks their range.
   */
  readonly lengths?: Lengths | GPUBuffer | undefined
  /**
   * Query rows that count, each 0 … L; the rest have an output and enter nothing else. Without it as many as `lengths`
   * says where L and S are equal, else all.
   */
  readonly queryLengths?: Lengths | GPUBuffer | undefined
  /** [B, H, L, V], a buffer for the result; without it the result is a new one that the caller owns. */
  readonly out?: GPUBuffer | undefined
  /** The tensors that the file declares as `inputs`, by name; integers also as `Int32Array` or `Uint32Array`. */
  readonly inputs?: Readonly<Record<string, Tensor | Int32Array | Uint32Array>> | undefined
  /** Whether the logarithms of the denominators are asked for, with exact kernels. Of the backend reference alone. */
  readonly lse?: boolean | undefined
}

/** A result, and the logarithm of each row's denominator: −∞ for a row that sees no key. */
export interface WithLogSums<T extends Tensor> {
  readonly out: T
  /** [B, H, L] */
  readonly lse: T
}

/** A forward pass that keeps what `backward` would compute anew. */
export interface KeepingCall<T extends Tensor> extends ForwardCall<T> {
  readonly keep: true
  /** The `wrt` of the call of `backward` to come. */
  readonly wrt?: Wrt | undefined
}

/** The result of a forward pass, and what it kept. */
export interface KeptOutput<T extends Tensor> {
  /** [B, H, L, V] */
  readonly out: T
  readonly kept: Kept
}

/** What a forward pass kept for `backward`: it serves any number of calls, on the same q, k and v. */
export interface Kept {
  /** Of memory, in proportion to the length; 0 where nothing is kept and `backward` computes all anew. */
  readonly bytes: number
  /** Frees it. `backward` does not. */
  destroy(): void
}

/** Rows of a prompt: its first ones, or those that follow the ones of a state. */
export interface PrefillCall<T extends Tensor> extends ForwardCall<T> {
  /**
   * What came before: row 0 of each batch item is at the position where the item's state is. It stays as it is, and
   * what the call returns is another state. Sizes that the call does not give are those of the state.
   */
  readonly state?: AttentionState | undefined
}

export interface BackwardCall<T extends Tensor> extends Omit<ForwardCall<T>, 'out'> {
  /** [B, H, L, V] */
  readonly dout: T
  /** What `forward` kept of the same q, k, v, sizes and lengths: it is then not computed anew. The gradients have the same bits. */
  readonly kept?: Kept | undefined
  /** [B, H, L, D], a buffer for the result, as `out` of `forward`. */
  readonly dq?: GPUBuffer | undefined
  /** [B, KVH, S, D], likewise. */
  readonly dk?: GPUBuffer | undefined
  /** [B, KVH, S, V], likewise. */
  readonly dv?: GPUBuffer | undefined
  /** [projections, D], likewise; goes with `wrt`. */
  readonly dprojection?: GPUBuffer | undefined
  /** Each like the weight that `create` was given by that name, likewise. */
  readonly dweights?: Readonly<Record<string, GPUBuffer>> | undefined
  /**
   * What gradients are taken of beside q, k and v: of the projection in use, as a matrix, whether it was given or
   * drawn, or of the weights. What the attention does not have is refused with the `AttentionError` `form`.
   */
  readonly wrt?: Wrt | undefined
  /** What came before the rows, as in `prefill`. It stays as it is; its gradient comes with `wrt: ['state']`. */
  readonly state?: AttentionState | undefined
  /**
   * The gradient of the state that the rows leave, which `backward` of the rows behind them gave: with it come the
   * gradients of a sequence in pieces, from the last piece to the first.
   */
  readonly dstate?: StateGradient<T> | undefined
}

/**
 * The gradient of a state, handed from a call of `backward` to that of the rows before. Where rows of keys and values
 * are kept it is theirs: `k` [B, KVH, position, D] and `v` [B, KVH, position, V], zeros behind an item's own position.
 * Where sums are carried it is of the sums as they are, S and z of each feature times the exponential of the feature's
 * scale: `sums` [B, G, features, V + 1], with that of z last, over the exponentials of `scales` [B, G, features], if
 * they have some; G is H where rows decay, else KVH. The backend reference keeps rows, whatever is carried elsewhere.
 */
export interface StateGradient<T extends Tensor> {
  /** Of the attention. */
  readonly name: string
  /** [B] tokens that each batch item of the state has seen. */
  readonly positions: readonly number[]
  readonly batch: number
  readonly heads: number
  readonly kvHeads: number
  /** A hash of the projection in use, where there is one. */
  readonly projection?: number | undefined
  readonly tensors: Readonly<Record<string, T>>
}

/** What gradients may be taken of beside q, k and v. */
export type Wrt = readonly ('weights' | 'inputs' | 'projection' | 'state')[]

/** Each like the tensor that it is of. */
export interface Gradients<T extends Tensor> {
  readonly dq: T
  readonly dk: T
  readonly dv: T
  /**
   * Of each weight that `create` was given, by its name. Where one set serves twice, as it does where a second one is
   * not given, both uses count.
   */
  readonly dweights?: Readonly<Record<string, T>>
  /** [projections, D], of all heads and batch items together. */
  readonly dprojection?: T
  /** Of the state that the call went on from; where it went on from none, of one of no rows. */
  readonly dstate?: StateGradient<T>
}

/** One token. The sizes are those of the state. */
export interface StepCall<T extends Tensor> extends Omit<Sizes, 'length' | 'keyLength'> {
  /** [B, H, D] */
  readonly q: T
  /** [B, KVH, D] */
  readonly k: T
  /** [B, KVH, V] */
  readonly v: T
  /** [B, H, V], as in `forward`. */
  readonly out?: GPUBuffer | undefined
  /** As in `forward`, of one row. */
  readonly inputs?: Readonly<Record<string, Tensor | Int32Array | Uint32Array>> | undefined
}

/** What `encode` reads and writes; all with the usage STORAGE. */
export interface EncodeBuffers {
  /** [B, H, L, D] */
  readonly q: GPUBuffer
  /** [B, KVH, S, D] */
  readonly k: GPUBuffer
  /** [B, KVH, S, V] */
  readonly v: GPUBuffer
  /** [B, H, L, V] */
  readonly out: GPUBuffer
  /** [B] u32, each 0 … S. */
  readonly lengths?: GPUBuffer | undefined
  /** [B] u32, each 0 … L; `lengths` where it is not given and L and S are equal. */
  readonly queryLengths?: GPUBuffer | undefined
}

/** What `encodeBackward` reads and writes, likewise; none that is written may be another of the call. */
export interface EncodeBackwardBuffers extends Omit<EncodeBuffers, 'out'> {
  /** [B, H, L, V] */
  readonly dout: GPUBuffer
  /** [B, H, L, D] */
  readonly dq: GPUBuffer
  /** [B, KVH, S, D] */
  readonly dk: GPUBuffer
  /** [B, KVH, S, V] */
  readonly dv: GPUBuffer
  /** [projections, D]; with it comes the gradient of the projection. */
  readonly dprojection?: GPUBuffer | undefined
  /** Each like the weight of that name, all that `create` was given; with them come the gradients of the weights. */
  readonly dweights?: Readonly<Record<string, GPUBuffer>> | undefined
  /** What `forward` kept, which `encode` does not; not to be destroyed before the commands are submitted. */
  readonly kept?: Kept | undefined
}

/** What an attention carries from token to token. Belongs to the attention that made it. */
export interface AttentionState {
  /** Tokens seen, of the batch item that has seen the most. */
  readonly position: number
  /** [B] tokens that each batch item has seen, which is where its next one goes. */
  readonly positions: readonly number[]
  /** Another state with the same contents: two continuations of one prefix. */
  copy(): AttentionState
  /** Its contents on the host, for `restore` of the same attention, now or in another process. */
  save(): Promise<SavedState>
  /** Frees its buffers. */
  destroy(): void
}

/** Plain data; typed arrays survive `structuredClone` and IndexedDB. */
export interface SavedState {
  /** Of the attention. */
  readonly name: string
  readonly position: number
  /** [B]; where it is absent all items are at `position`, as they once were. */
  readonly positions?: readonly number[] | undefined
  readonly batch: number
  readonly heads: number
  readonly kvHeads: number
  /** Where they are not `kvHeads`, and of which order. */
  readonly valueHeads?: number | undefined
  readonly headOrder?: 'grouped' | 'tiled' | undefined
  /** Rows that there is room for, where rows are kept. */
  readonly capacity: number
  /** A hash of the projection in use, where there is one. A state that was saved without it is not asked for it. */
  readonly projection?: number | undefined
  readonly tensors: Readonly<Record<string, Float32Array>>
}

/** What one dispatch took on the device. */
export interface DispatchTime {
  readonly kernel: string
  readonly nanoseconds: number
}

export type Backend = BackendName

/**
 * A compiled attention, ready to run. Members reject or throw `TypeError`,
 * `RangeError` or `AttentionError` before any work on the device. Calls may
 * overlap: they run in the order in which they were made.
 */
export interface Attention {
  readonly name: string
  /** D, width of a query row and a key row. */
  readonly dim: number
  /** E, width of a value row. */
  readonly valueDim: number
  /** Numbers in a row's features; 0 where nothing is factorised. */
  readonly features: number
  readonly causal: boolean
  readonly backend: Backend
  /** What it runs on, for people. */
  readonly device: string
  /** The device of WebGPU in use, the caller's or its own; undefined on other backends. */
  readonly gpuDevice: GPUDevice | undefined
  /**
   * A copy of the [projections, D] in use, or of the rotations of a hash; undefined where features are not projected
   * and nothing is hashed.
   */
  readonly projection: Float32Array | undefined
  /**
   * New projections from the same distribution, for the calls made from now on. States so far hold features of the
   * old ones: `step` refuses them.
   */
  redraw(seed: number): void
  /**
   * As `forward` without `keep`, and keeps what `backward` computes anew without it. `out` is then the one that gradients are of, which may
   * be rounded otherwise. With the storage f16 as well, all tensors of this call are f32. Loads what `backward` runs, and
   * rejects as it does where there are no gradients.
   */
  forward<T extends Tensor>(call: KeepingCall<T>): Promise<KeptOutput<T>>
  /**
   * [B, H, L, V]. Arrays are read before it returns its promise, and may then be
   * changed. A new buffer has the usages STORAGE, COPY_SRC and COPY_DST.
   */
  forward<T extends Tensor>(call: ForwardCall<T> & { readonly lse: true }): Promise<WithLogSums<T>>
  forward<T extends Tensor>(call: ForwardCall<T>): Promise<T>
  /**
   * As `forward`, with as many keys as queries, and the state from which `step` goes on: each batch item behind its
   * own `lengths`. Where those are a buffer, it needs the usage COPY_SRC, since the state has to know them.
   * With a `state` the rows are those that follow it, in pieces of any lengths: they come out as in one call of the
   * whole sequence, to rounding. The state that is given is left as it is, for another continuation or for `backward`;
   * destroy it where nothing else goes on from it.
   * Rejects with the `AttentionError` `form` where there is no state: without a causal mask, or with a look ahead.
   */
  prefill<T extends Tensor>(call: PrefillCall<T>): Promise<{ out: T; state: AttentionState }>
  /** One more token, [B, H, V]; updates `state` in place. A step that the device refuses destroys it. */
  step<T extends Tensor>(state: AttentionState, call: StepCall<T>): Promise<T>
  /** A state from what `save` of a state gave, by an attention with the same projection. */
  restore(saved: SavedState): Promise<AttentionState>
  /**
   * Gradients of Σ out·dout by q, k and v, each like the tensor that it is of; [B, H, L, V] `dout` is the gradient of
   * the result. What forward computes on the way is computed anew, unless `kept` has it. Key rows that do not count have none. With the
   * storage f16 as well, all tensors of this call are f32. Rejects with the `AttentionError` `form` where the attention
   * has no gradients, and says why.
   */
  backward<T extends Tensor>(call: BackwardCall<T>): Promise<Gradients<T>>
  /**
   * Loads what `backward` runs, which its first call does otherwise; what it runs with such a `wrt` is apart. Rejects as
   * `backward` where there are no gradients.
   */
  prepareBackward(options?: { readonly wrt?: Wrt | undefined }): Promise<void>
  /**
   * Records the forward pass into `encoder`, in a compute pass of its own. The
   * attention must not be destroyed, nor `redraw` called, before the commands
   * are submitted. WebGPU does not tell an encoder that is finished, or of
   * another device, from a good one: nothing is thrown for it here, and its
   * device reports an error of validation (`uncapturederror`). Of the backend
   * webgpu; others throw the `AttentionError` `backend`.
   */
  encode(encoder: GPUCommandEncoder, buffers: EncodeBuffers, sizes: Sizes): void
  /**
   * Records `backward` into `encoder`, as `encode` does the forward pass. Throws the `AttentionError` `unprepared`
   * before `prepareBackward`, or a call of `backward`, has resolved.
   */
  encodeBackward(encoder: GPUCommandEncoder, buffers: EncodeBackwardBuffers, sizes: Sizes): void
  /** Runs the forward pass and measures each dispatch; needs the backend webgpu and a device with `timestamp-query`. */
  profile(call: ForwardCall<Tensor>): Promise<readonly DispatchTime[]>
  /** Frees what it holds. A device of the caller's is left alone. May be called again. */
  destroy(): void
  [Symbol.dispose](): void
}

export interface CreateOptions {
  /** The device to run on; without it, one of the attention's own. */
  readonly device?: GPUDevice | undefined
  /** That one or an error. Without it: what was compiled for, and where its device is missing, the next. */
  readonly backend?: Backend | undefined
  /**
   * Threads that a call may run on where the processor computes it, from 1; no more than the cores. Without it as many
   * as pay: short calls wake none. Other backends than `wasm` take no notice.
   */
  readonly threads?: number | undefined
  /**
   * Of inputs and outputs; arithmetic, projection, weights and all tensors of `backward` are f32. With `f16` a call that has results beyond
   * 65,504 rejects with the `AttentionError` `range`.
   */
  readonly storage?: 'f32' | 'f16' | undefined
  /**
   * Of what decoding carries; `f16` with the storage f16 alone. Rows of keys and values are then kept as they came, in
   * half the memory, and results have the bits that they have with f32. Sums are rounded after each call, by less than
   * 2^-10 of each number. Between calls a state is in the memory of the host, on every backend, and a step reads and
   * writes all of it: it saves memory and takes longer.
   */
  readonly state?: 'f32' | 'f16' | undefined
  /** [projections, D] to use instead of the file's own; with `buckets` [rounds · buckets / 2, D]. */
  readonly projection?: Float32Array | undefined
  /**
   * `landmarks` and `queryLandmarks` [H, N, D], `conv` [H, width], `compressKeys` and `compressValues` [H, N, P] with
   * P ≥ S for every call; N as declared. `queryLandmarks` and `compressValues` may be left out for the others.
   */
  readonly weights?: Readonly<Record<string, Float32Array>> | undefined
}
