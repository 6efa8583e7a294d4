/** What every backend's attention has in common: the facts of the program, and its projection. */
import type {
  Attention,
  AttentionState,
  Backend,
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
  Wrt,
} from './attention.ts'
import { AttentionError } from './errors.ts'
import type { Program } from './program.ts'
import type { Drawing, Opening } from './projection/lazy.ts'
import type { GPUCommandEncoder, GPUDevice } from './contract/web-gpu.ts'

/** An attention with one projection: whose states are, since sums of features go with it. */
export interface Drawn {
  readonly name: string
  /** Not written to. */
  readonly projection: Float32Array | undefined
  /** What it was drawn from, unless it is the caller's. */
  readonly seed: number | undefined
}

/** Options of `prepareBackward`. */
export interface PrepareBackward {
  readonly wrt?: Wrt | undefined
}

/** Without the results that `forward` gives to calls which ask for more than its rows. */
type Plain = Omit<Attention, 'forward'>

export abstract class BaseAttention implements Plain {
  readonly name: string
  readonly dim: number
  readonly valueDim: number
  readonly features: number
  readonly causal: boolean
  readonly backend: Backend
  readonly device: string
  readonly gpuDevice: GPUDevice | undefined
  protected program: Program
  protected readonly drawing: Drawing | undefined
  /** How many numbers the weights have that were given, by name. */
  protected readonly weights: Readonly<Record<string, number>>
  /** Another one after each `redraw`. For whoever covers the attention, to hand back to `step` and `restore`. */
  drawn: Drawn

  constructor(
    program: Program,
    backend: Backend,
    device: string,
    { drawing, projection, takeInputs, weights = {} }: Opening,
    gpuDevice?: GPUDevice,
  ) {
    this.program = { ...program, takeInputs }
    this.name = program.name
    this.dim = program.dim
    this.valueDim = program.valueDim
    this.features = program.features
    this.causal = program.causal
    this.backend = backend
    this.device = device
    this.gpuDevice = gpuDevice
    this.drawing = drawing
    this.weights = Object.fromEntries(Object.entries(weights).map(([name, { length }]) => [name, length]))
    this.drawn = {
      name: program.name,
      // A copy: the caller may go on to change theirs.
      projection: projection
        ? new Float32Array(projection)
        : program.projection && drawing?.draw(program.projection),
      seed: program.projection?.seed,
    }
  }

  /** A copy: what is written into it is not what runs. */
  get projection(): Float32Array | undefined {
    return this.drawn.projection?.slice()
  }

  redraw(seed: number): void {
    this.assertUsable()
    const where = `${this.name}.redraw`
    if (this.program.projection === undefined || this.drawing === undefined) {
      throw new AttentionError('form', `${where}: its features are not projected.`)
    }
    this.drawing.checkSeed(where, seed)
    const projection = this.drawing.draw({ ...this.program.projection, seed })
    this.drawn = { name: this.name, projection, seed }
    this.#writeProjection(this.drawn)
  }

  /** Goes on with further forms of the program, which may read the projection as other constants. */
  protected extend(program: Program): void {
    this.program = program
    this.#writeProjection(this.drawn)
  }

  /** Has kernels read the projection and the weights that `create` was given. */
  protected writeConstants({ constants = [] }: Opening): void {
    this.#writeProjection(this.drawn)
    for (const [name, weight] of constants) this.setConstant(name, weight)
  }

  #writeProjection({ projection, seed }: Drawn): void {
    if (projection === undefined) return
    const constants = this.drawing?.constantsOf?.(this.program, projection, seed) ?? [
      ['projection', projection],
    ]
    for (const [name, data] of constants) this.setConstant(name, data)
  }

  /** Runs a call with the projection that it was made with: another one may have been drawn while it waited for something. */
  protected withDrawn<R>(drawn: Drawn, run: () => R): R {
    if (drawn === this.drawn) return run()
    this.#writeProjection(drawn)
    try {
      return run()
    } finally {
      this.#writeProjection(this.drawn)
    }
  }

  forward<T extends Tensor>(call: KeepingCall<T>, drawn?: Drawn): Promise<KeptOutput<T>>
  forward<T extends Tensor>(call: ForwardCall<T>, drawn?: Drawn): Promise<T>
  async forward<T extends Tensor>(call: ForwardCall<T>, drawn = this.drawn): Promise<KeptOutput<T> | T> {
    // What keeps for gradients is loaded with them.
    return call && 'keep' in call ? (this.backward(call as never, drawn) as never) : this.pass(call, drawn)
  }

  /** @throws AttentionError `destroyed`, `device-lost` where it can run nothing more */
  protected abstract assertUsable(): void
  /** Writes a projection or a weight to where kernels read it; nothing where each call hands it over. */
  protected setConstant(_name: string, _data: Float32Array): void {}
  /** `forward` as it is mostly called. */
  protected abstract pass<T extends Tensor>(call: ForwardCall<T>, drawn: Drawn): Promise<T>
  /** @param drawn what the state is of, where that was in use when the call was made */
  abstract prefill<T extends Tensor>(
    call: PrefillCall<T>,
    drawn?: Drawn,
  ): Promise<{ out: T; state: AttentionState }>
  abstract step<T extends Tensor>(state: AttentionState, call: StepCall<T>, drawn?: Drawn): Promise<T>
  abstract restore(saved: SavedState, drawn?: Drawn): Promise<AttentionState>
  abstract backward<T extends Tensor>(call: BackwardCall<T>, drawn?: Drawn): Promise<Gradients<T>>
  abstract prepareBackward(options?: PrepareBackward): Promise<void>
  abstract encode(encoder: GPUCommandEncoder, buffers: EncodeBuffers, sizes: Sizes): void
  abstract encodeBackward(encoder: GPUCommandEncoder, buffers: EncodeBackwardBuffers, sizes: Sizes): void
  abstract profile(call: ForwardCall<Tensor>): Promise<readonly DispatchTime[]>
  abstract destroy(): void

  [Symbol.dispose](): void {
    this.destroy()
  }
}
