/** An attention whose tensors are f16. The arithmetic is f32, as in the attention that this one covers. */
import { describe, isBuffer, requireObject } from '../arguments/describe.ts'
import type {
  Attention,
  AttentionState,
  BackwardCall,
  DispatchTime,
  EncodeBackwardBuffers,
  EncodeBuffers,
  ForwardCall,
  Gradients,
  KeepingCall,
  KeptOutput,
  PrefillCall,
  SavedState,
  Sizes,
  StepCall,
  Tensor,
} from '../attention.ts'
import type { PrepareBackward } from '../base-attention.ts'
import { AttentionError } from '../errors.ts'
import type { Program } from '../program.ts'
import { rows } from './covered.ts'
import type { Covered, WideCall } from './covered.ts'
import type { Decoding } from './decoding.ts'
import { isHalfArray, runOnArrays } from './half-arrays.ts'
import type { HalfBuffers } from './half-buffers.ts'
import { checkHalves, runOnDevice } from './half-device.ts'
import type { HalfForm } from './half-program.ts'
import { LARGEST } from './half.ts'

/** Where kernels read f16. */
export interface OnDevice {
  readonly buffers: HalfBuffers
  readonly wideOut: ReadonlySet<HalfForm>
}

export class HalfAttention implements Attention {
  /** Of f32, unless there is a device: then of f16 in buffers. */
  readonly #wide: Attention
  readonly #program: Program
  readonly #onDevice: OnDevice | undefined
  readonly #decoding: Decoding

  constructor(wide: Attention, program: Program, onDevice: OnDevice | undefined, decoding: Decoding) {
    this.#wide = wide
    this.#decoding = decoding
    this.#program = program
    this.#onDevice = onDevice
  }

  get name(): string {
    return this.#wide.name
  }
  get dim(): number {
    return this.#program.dim
  }
  get valueDim(): number {
    return this.#program.valueDim
  }
  get features(): number {
    return this.#wide.features
  }
  get causal(): boolean {
    return this.#wide.causal
  }
  get backend(): Attention['backend'] {
    return this.#wide.backend
  }
  get device(): string {
    return this.#wide.device
  }
  get gpuDevice(): GPUDevice | undefined {
    return this.#wide.gpuDevice
  }
  get projection(): Float32Array | undefined {
    return this.#wide.projection
  }

  redraw(seed: number): void {
    this.#decoding.redraw(seed)
  }

  forward<T extends Tensor>(call: KeepingCall<T>): Promise<KeptOutput<T>>
  forward<T extends Tensor>(call: ForwardCall<T>): Promise<T>
  async forward<T extends Tensor>(call: KeepingCall<T> | ForwardCall<T>): Promise<KeptOutput<T> | T> {
    // As gradients are: of f32.
    if (call && 'keep' in call) return this.#wide.forward(call)
    const out = await this.#run<Tensor>('forward', call, {
      run: (wide) => this.#wide.forward(wide as unknown as ForwardCall<Tensor>),
      outOf: (result, replace) => replace(result),
      prompt: true,
    })
    return out as T
  }

  async prefill<T extends Tensor>(call: PrefillCall<T>): Promise<{ out: T; state: AttentionState }> {
    requireObject(`${this.name}.prefill`, call)
    const { state: from } = call
    const given = from === undefined ? call : withSizesOf(from, call)
    const result = await this.#run<{ out: Tensor; state: AttentionState }>('prefill', given, {
      run: (wide) => this.#decoding.prefill(wide as unknown as PrefillCall<Tensor>),
      outOf: ({ out, state }, replace) => {
        try {
          return { out: replace(out), state }
        } catch (thrown) {
          // The caller has no state to destroy.
          state.destroy()
          throw thrown
        }
      },
      // The first one loads its kernels.
      prompt: false,
    })
    return result as { out: T; state: AttentionState }
  }

  async step<T extends Tensor>(state: AttentionState, call: StepCall<T>): Promise<T> {
    requireObject(`${this.name}.step`, call, '{ q, k, v }')
    const out = await this.#run<Tensor>(
      'step',
      { length: 1, ...withSizesOf(state, call) },
      {
        run: (wide) => this.#decoding.step(state, wide as unknown as StepCall<Tensor>),
        outOf: (result, replace) => replace(result),
        // A state of f16 is f32 on the device first.
        prompt: this.#decoding === this.#wide,
      },
    )
    return out as T
  }

  restore(saved: SavedState): Promise<AttentionState> {
    return this.#decoding.restore(saved)
  }

  backward<T extends Tensor>(call: BackwardCall<T>): Promise<Gradients<T>> {
    return this.#decoding.backward(call)
  }

  prepareBackward(options?: PrepareBackward): Promise<void> {
    return this.#wide.prepareBackward(options)
  }

  encodeBackward(encoder: GPUCommandEncoder, buffers: EncodeBackwardBuffers, sizes: Sizes): void {
    this.#wide.encodeBackward(encoder, buffers, sizes)
  }

  encode(encoder: GPUCommandEncoder, buffers: EncodeBuffers, sizes: Sizes): void {
    const where = `${this.name}.encode`
    if (this.#onDevice === undefined || !encoder?.beginComputePass)
      return this.#wide.encode(encoder, buffers, sizes)
    const { buffers: halves, wideOut } = this.#onDevice
    if (this.#program.convex !== true)
      throw new AttentionError(
        'form',
        `${where}: results may be larger than ${LARGEST}, the most that f16 holds, and recorded commands cannot say so. ` +
          "Use forward, or create the attention without storage: 'f16'.",
      )
    requireObject(where, buffers)
    requireObject(where, sizes)
    if (buffers.out === undefined) throw new TypeError(`${where}: out must be a GPUBuffer; it is nothing.`)
    halves.assertUsable()
    const tensors = checkHalves(this.#program, where, { ...sizes, ...buffers })
    halves.leaveReplaced()
    const manner = { prompt: true, wideOut: wideOut.has('forward'), onHost: false }
    const lent = halves.lend(tensors, manner)
    this.#wide.encode(encoder, { ...buffers, ...lent.tensors }, sizes)
    if (manner.wideOut) halves.narrow(encoder, lent)
  }

  async profile(call: ForwardCall<Tensor>): Promise<readonly DispatchTime[]> {
    return this.#run<readonly DispatchTime[]>('profile', call, {
      run: (wide) => this.#wide.profile(wide as unknown as ForwardCall<Tensor>),
      outOf: (times) => times,
      prompt: false,
    })
  }

  destroy(): void {
    this.#wide.destroy()
    // Last, for the device may go with it.
    this.#onDevice?.buffers.destroy()
  }

  [Symbol.dispose](): void {
    this.destroy()
  }

  #formOf(member: string, { state }: WideCall): HalfForm {
    if (member === 'step') return 'step'
    if (member !== 'prefill') return 'forward'
    return state === undefined || !this.#program.forms.resume ? 'prefill' : 'resume'
  }

  /** Without an await before what is given has been read. */
  async #run<R>(member: string, given: object, covered: Covered<R>): Promise<R> {
    const where = `${this.name}.${member}`
    requireObject(where, given)
    const call: WideCall = given
    const { q } = call
    for (const name of rows) {
      const tensor = call[name]
      if (!isHalfArray(tensor) && !isBuffer(tensor))
        throw new TypeError(
          `${where}: ${name} must be a Float16Array, a Uint16Array of the same bits or a GPUBuffer, ` +
            `since the storage is f16; it is ${describe(tensor)}.`,
        )
      if (isBuffer(tensor) !== isBuffer(q))
        throw new TypeError(
          `${where}: the tensors must be all arrays or all GPUBuffer; q is ${describe(q)} and ${name} is ${describe(tensor)}.`,
        )
    }
    if (this.#onDevice !== undefined) {
      const { buffers, wideOut } = this.#onDevice
      return runOnDevice(
        buffers,
        this.#program,
        where,
        call,
        covered,
        wideOut.has(this.#formOf(member, call)),
      )
    }
    // The attention of f32 says that it takes no buffers.
    return isBuffer(q) ? covered.run(call) : runOnArrays(where, call, covered)
  }
}

/** The call with the sizes of a state, which knows them; what is no state of this attention is refused later. */
function withSizesOf(state: unknown, call: object): object {
  const { sizes } = Object(state) as { readonly sizes?: Partial<Sizes> }
  const { batch, heads, kvHeads } = sizes ?? {}
  const said = Object.entries(call).filter(([, value]) => value !== undefined)
  return { batch, heads, kvHeads, ...Object.fromEntries(said) }
}
