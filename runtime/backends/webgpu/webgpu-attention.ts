/** An attention on a WebGPU device. */
import { checkCall } from '../../arguments/call.ts'
import type {
  AttentionState,
  BackwardCall,
  DispatchTime,
  EncodeBackwardBuffers,
  EncodeBuffers,
  ForwardCall,
  Gradients,
  PrefillCall,
  SavedState,
  Sizes,
  StepCall,
  Tensor,
} from '../../attention.ts'
import { BaseAttention } from '../../base-attention.ts'
import type { PrepareBackward } from '../../base-attention.ts'
import { Loaded } from '../../calls/loaded.ts'
import { withOwn } from '../../calls/own-call.ts'
import { AttentionError } from '../../errors.ts'
import type { Program } from '../../program.ts'
import type { Opening } from '../../projection/lazy.ts'
import type { Backward } from './backward.ts'
import type { Decoding } from './decoding.ts'
import { deviceName } from './device.ts'
import { Engine } from './engine.ts'
import type { Parts, Run } from './parts.ts'
import { readsLengths, requireBuffers, requireEncoder } from './recording.ts'
import { Session } from './session.ts'

export class WebgpuAttention extends BaseAttention {
  readonly #session: Session
  readonly #engine: Engine
  readonly #decoding = new Loaded<Decoding>(async () =>
    (await import('./decoding.ts')).Decoding.open(this.#parts),
  )
  readonly #backward = new Loaded<Backward>(
    async () => new (await import('./backward.ts')).Backward(this.#parts),
  )

  private constructor(program: Program, session: Session, options: Opening) {
    super(program, 'webgpu', deviceName(session.device), options, session.device)
    this.#session = session
    this.#engine = new Engine(program, session, undefined, options.checkWeights)
    this.writeConstants(options)
  }

  /** `owned`: the device was made for this attention and goes with it. */
  static async open(
    program: Program,
    device: GPUDevice,
    owned: boolean,
    options: Opening,
  ): Promise<WebgpuAttention> {
    const session = new Session(program.name, device, owned)
    let attention: WebgpuAttention | undefined
    try {
      const opened = await session.run(
        async () => (attention = new WebgpuAttention(program, session, options)),
      )
      await opened.#engine.prepare('forward')
      session.assertUsable()
      return opened
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

  protected async pass<T extends Tensor>(call: ForwardCall<T>): Promise<T> {
    this.assertUsable()
    const outputs = await this.#run('forward', this.drawn, checkCall(this.program, 'forward', call))
    return outputs.get('out') as T
  }

  async prefill<T extends Tensor>(
    call: PrefillCall<T>,
    drawn = this.drawn,
  ): Promise<{ out: T; state: AttentionState }> {
    return this.#decoding.with(call, (decoding, given, own) => decoding.prefill(drawn, given, own))
  }

  async step<T extends Tensor>(state: AttentionState, call: StepCall<T>, drawn = this.drawn): Promise<T> {
    // Whoever has a state of it has loaded it: this is taken at once.
    return this.#decoding.with(call, (decoding, given) => decoding.step(drawn, state, given))
  }

  async restore(saved: SavedState, drawn = this.drawn): Promise<AttentionState> {
    return this.#decoding.with(saved, (decoding, given, own) => decoding.restore(drawn, given, own))
  }

  async backward<T extends Tensor>(call: BackwardCall<T>, drawn = this.drawn): Promise<Gradients<T>> {
    return this.#backward.with(call, (backward, given, own) => backward.run(drawn, given, own))
  }

  async prepareBackward(options?: PrepareBackward): Promise<void> {
    return (await this.#backward.load()).prepare(options)
  }

  get #parts(): Parts {
    const { program, weights } = this
    return {
      program,
      weights,
      session: this.#session,
      engine: this.#engine,
      run: this.#run,
      whole: async () => this.#decoding.load().then(() => this.program),
      extend: (whole) => {
        this.#engine.extend(whole)
        this.extend(whole)
      },
    }
  }

  encode(encoder: GPUCommandEncoder, buffers: EncodeBuffers, sizes: Sizes): void {
    this.assertUsable()
    const where = `${this.name}.encode`
    requireEncoder(where, encoder)
    const checked = checkCall(this.program, 'encode', { ...sizes, ...buffers }, ['q', 'k', 'v', 'out'])
    requireBuffers(where, checked, this.#engine.form('forward'))
    this.#engine.encode(encoder, 'forward', checked)
  }

  encodeBackward(encoder: GPUCommandEncoder, buffers: EncodeBackwardBuffers, sizes: Sizes): void {
    if (!this.#backward.now)
      throw new AttentionError('unprepared', `${this.name}.encodeBackward: await prepareBackward() first.`)
    this.#backward.now.encode(this.drawn, encoder, buffers, sizes)
  }

  async profile(call: ForwardCall<Tensor>): Promise<readonly DispatchTime[]> {
    return withOwn(call, async (own) => (await import('./profile.ts')).profile(this.#parts, own))
  }

  destroy(): void {
    this.#backward.now?.destroy()
    this.#engine.destroy()
  }

  /** Without an await before what is given has been read: calls run in the order in which they were made. */
  readonly #run: Run = async (form, drawn, inputs, engine = this.#engine) => {
    if (inputs.lengths !== undefined && !readsLengths(engine.form(form)))
      throw (await import('./refusal.ts')).withoutLengths(this.name, form)
    return this.withDrawn(drawn, () => engine.run(form, inputs))
  }
}
