/** What every backend's attention has in common: the facts of the program, its projection, and plain refusals. */
import { checkSeed } from './arguments/options.ts'
import type {
  Attention,
  AttentionState,
  BackwardCall,
  Backend,
  DispatchTime,
  EncodeBuffers,
  ForwardCall,
  SavedState,
  Sizes,
  StepCall,
  Tensor,
} from './attention.ts'
import { AttentionError } from './errors.ts'
import type { Program } from './program.ts'
import { drawing } from './projection/lazy.ts'

export abstract class BaseAttention implements Attention {
  readonly name: string
  readonly dim: number
  readonly valueDim: number
  readonly features: number
  readonly causal: boolean
  readonly backend: Backend
  readonly device: string
  protected readonly program: Program
  #projection: Float32Array | undefined

  constructor(program: Program, backend: Backend, device: string, projection: Float32Array | undefined) {
    this.program = program
    this.name = program.name
    this.dim = program.dim
    this.valueDim = program.valueDim
    this.features = program.features
    this.causal = program.causal
    this.backend = backend
    this.device = device
    // A copy: the caller may go on to change theirs.
    this.#projection =
      projection?.slice() ?? (program.projection && drawing().drawProjection(program.projection))
  }

  /** A copy: what is written into it is not what runs. */
  get projection(): Float32Array | undefined {
    return this.#projection?.slice()
  }

  redraw(seed: number): void {
    const where = `${this.name}.redraw`
    checkSeed(where, seed)
    if (this.program.projection === undefined) {
      throw new AttentionError(
        'form',
        `${where}: its features are not projected; there is nothing to redraw.`,
      )
    }
    this.#projection = drawing().drawProjection({ ...this.program.projection, seed })
  }

  abstract forward<T extends Tensor>(call: ForwardCall<T>): Promise<T>
  abstract destroy(): void

  async prefill<T extends Tensor>(_call: ForwardCall<T>): Promise<{ out: T; state: AttentionState }> {
    throw this.#refusal('prefill')
  }

  async step<T extends Tensor>(_state: AttentionState, _call: StepCall<T>): Promise<T> {
    throw this.#refusal('step')
  }

  async restore(_saved: SavedState): Promise<AttentionState> {
    throw this.#refusal('restore')
  }

  async backward<T extends Tensor>(_call: BackwardCall<T>): Promise<{ dq: T; dk: T; dv: T }> {
    throw this.#refusal('backward')
  }

  encode(_encoder: GPUCommandEncoder, _buffers: EncodeBuffers, _sizes: Sizes): void {
    throw this.#refusal('encode')
  }

  async profile(_call: ForwardCall<Tensor>): Promise<readonly DispatchTime[]> {
    throw this.#refusal('profile')
  }

  [Symbol.dispose](): void {
    this.destroy()
  }

  #refusal(member: string): AttentionError {
    return new AttentionError(
      'backend',
      `${this.name}.${member} is not to be had from the backend ${this.backend}. Try the backend webgpu.`,
    )
  }
}
