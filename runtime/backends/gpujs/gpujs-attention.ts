/** An attention on gpu.js: WebGL 2 in browsers, WebAssembly elsewhere. */
import { checkCall } from '../../arguments/call.ts'
import type {
  AttentionState,
  BackwardCall,
  ForwardCall,
  Gradients,
  PrefillCall,
  SavedState,
  StepCall,
  Tensor,
} from '../../attention.ts'
import type { Drawn, PrepareBackward } from '../../base-attention.ts'
import { Loaded } from '../../calls/loaded.ts'
import { PartialAttention } from '../../partial-attention.ts'
import type { Program } from '../../program.ts'
import type { Opening } from '../../projection/lazy.ts'
import type { Backward } from './backward.ts'
import type { Decoding } from './decoding.ts'
import { Engine } from './engine.ts'
import { loadLibrary } from './library.ts'
import type { Owner, Run } from './owner.ts'
import { Session } from './session.ts'

export class GpujsAttention extends PartialAttention {
  readonly #session: Session
  readonly #engine: Engine
  readonly #decoding = new Loaded<Decoding>(
    async () => new (await import('./decoding.ts')).Decoding(this.#owner),
  )
  readonly #backward = new Loaded<Backward>(
    async () => new (await import('./backward.ts')).Backward(this.#owner),
  )

  private constructor(program: Program, session: Session, options: Opening) {
    super(program, 'gpujs', session.machine.name, options)
    this.#session = session
    this.#engine = new Engine(program, session)
  }

  /** @throws AttentionError `no-gpujs`, `no-float-textures`, `no-wasm` */
  static async open(program: Program, options: Opening): Promise<GpujsAttention> {
    const session = new Session(program.name, await loadLibrary(program.library))
    let attention: GpujsAttention | undefined
    try {
      attention = new GpujsAttention(program, session, options)
      attention.writeConstants(options)
      return attention
    } catch (thrown) {
      attention?.destroy()
      session.end()
      throw thrown
    }
  }

  protected assertUsable(): void {
    this.#session.assertUsable()
  }

  protected override setConstant(name: string, data: Float32Array): void {
    this.#engine.setConstant(name, data)
  }

  protected async pass<T extends Tensor>(call: ForwardCall<T>, drawn: Drawn): Promise<T> {
    const turned = this.turned<T>('forward', call, drawn)
    if (turned) return turned
    this.assertUsable()
    const inputs = this.onHost('forward', checkCall(this.program, 'forward', call))
    const outputs = await this.#run('forward', drawn, inputs).outputs
    return outputs.get('out') as Tensor as T
  }

  async prefill<T extends Tensor>(
    call: PrefillCall<T>,
    drawn = this.drawn,
  ): Promise<{ out: T; state: AttentionState }> {
    return (
      this.turned('prefill', call, drawn) ??
      this.#decoding.with(call, (decoding, own) => decoding.prefill(drawn, own))
    )
  }

  async step<T extends Tensor>(given: AttentionState, call: StepCall<T>, drawn = this.drawn): Promise<T> {
    // Whoever has a state of it has loaded it: this is taken at once.
    return this.#decoding.with(call, (decoding, own) => decoding.step(drawn, given, own))
  }

  async restore(saved: SavedState, drawn = this.drawn): Promise<AttentionState> {
    return this.#decoding.with(saved, (decoding, own) => decoding.restore(drawn, own))
  }

  async backward<T extends Tensor>(call: BackwardCall<T>, drawn = this.drawn): Promise<Gradients<T>> {
    return (
      this.turned('backward', call, drawn) ??
      this.#backward.with(call, (backward, given, own) => backward.run(drawn, given, own))
    )
  }

  async prepareBackward(options?: PrepareBackward): Promise<void> {
    return (await this.#backward.load()).prepare(options)
  }

  get #owner(): Owner {
    const { program, weights, onHost } = this
    const [session, engine, run, whole] = [this.#session, this.#engine, this.#run, async () => program]
    return { program, weights, session, engine, onHost, run, whole }
  }

  readonly #run: Run = (form, drawn, inputs, engine = this.#engine) =>
    this.withDrawn(drawn, () => engine.run(form, inputs))

  destroy(): void {
    this.#decoding.now?.destroy()
    this.#backward.now?.destroy()
    this.#engine.destroy()
    this.#session.end()
  }
}
