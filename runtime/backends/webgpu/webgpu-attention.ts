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
import type { Drawn, PrepareBackward } from '../../base-attention.ts'
import { Loaded } from '../../calls/loaded.ts'
import { ownCall } from '../../calls/own-call.ts'
import { AttentionError } from '../../errors.ts'
import type { Program } from '../../program.ts'
import type { Opening } from '../../projection/lazy.ts'
import type { Backward } from './backward.ts'
import type { Decoding } from './decoding.ts'
import { deviceName } from './device.ts'
import { Engine } from './engine.ts'
import type { FormName } from './engine.ts'
import type { Parts, Run } from './parts.ts'
import { readsLengths, requireBuffers, requireEncoder } from './recording.ts'
import { Session } from './session.ts'

export class WebgpuAttention extends BaseAttention {
  readonly #session: Session
  readonly #engine: Engine
  #decoding: Decoding | undefined
  readonly #backward = new Loaded<Backward>()

  private constructor(program: Program, session: Session, options: Opening) {
    super(program, 'webgpu', deviceName(session.device), options, session.device)
    this.#session = session
    this.#engine = new Engine(program, session, undefined, options.checkWeights)
    this.#writeProjection(this.drawn)
    for (const { name, otherwise } of program.weights) {
      const { weights = {} } = options
      const weight = weights[name] ?? (otherwise && weights[otherwise])
      if (weight !== undefined) this.#engine.setConstant(name, weight)
    }
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

  override redraw(seed: number): void {
    this.#session.assertUsable()
    super.redraw(seed)
    this.#writeProjection(this.drawn)
  }

  #writeProjection({ projection, seed }: Drawn): void {
    if (projection === undefined) return
    const constants = this.drawing?.constantsOf?.(this.program, projection, seed) ?? [
      ['projection', projection],
    ]
    for (const [name, data] of constants) this.#engine.setConstant(name, data)
  }

  protected async pass<T extends Tensor>(call: ForwardCall<T>): Promise<T> {
    this.#session.assertUsable()
    const outputs = await this.#run('forward', this.drawn, checkCall(this.program, 'forward', call))
    return outputs.get('out') as T
  }

  async prefill<T extends Tensor>(
    call: PrefillCall<T>,
    drawn = this.drawn,
  ): Promise<{ out: T; state: AttentionState }> {
    const now = this.#decoding
    const given = now ? call : ownCall(call)
    return (now ?? (await this.#loadDecoding('prefill'))).prefill(drawn, given, !now)
  }

  async step<T extends Tensor>(state: AttentionState, call: StepCall<T>, drawn = this.drawn): Promise<T> {
    // Whoever has a state of it has loaded it: this is taken at once.
    return (this.#decoding ?? (await this.#loadDecoding('step'))).step(drawn, state, call)
  }

  async restore(saved: SavedState, drawn = this.drawn): Promise<AttentionState> {
    const given = this.#decoding ? saved : ownCall(saved)
    return (this.#decoding ?? (await this.#loadDecoding('step'))).restore(drawn, given)
  }

  async #loadDecoding(form: FormName): Promise<Decoding> {
    const { Decoding } = await import('./decoding.ts')
    const loaded = await Decoding.open(this.#parts, form)
    return (this.#decoding ??= loaded)
  }

  async backward<T extends Tensor>(call: BackwardCall<T>, drawn = this.drawn): Promise<Gradients<T>> {
    const { now } = this.#backward
    const given = now ? call : ownCall(call)
    return (now ?? (await this.#loadBackward())).run(drawn, given, !now)
  }

  async prepareBackward(options?: PrepareBackward): Promise<void> {
    await (this.#backward.now ?? (await this.#loadBackward())).prepare(options)
  }

  #loadBackward(): Promise<Backward> {
    return this.#backward.load(async () => new (await import('./backward.ts')).Backward(this.#parts))
  }

  get #parts(): Parts {
    const { program, weights } = this
    return { program, weights, session: this.#session, engine: this.#engine, run: this.#run }
  }

  encode(encoder: GPUCommandEncoder, buffers: EncodeBuffers, sizes: Sizes): void {
    this.#session.assertUsable()
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
    const given = ownCall(call)
    const { profile } = await import('./profile.ts')
    return profile(this.#parts, given)
  }

  destroy(): void {
    this.#backward.now?.destroy()
    this.#engine.destroy()
  }

  /** Without an await before what is given has been read: calls run in the order in which they were made. */
  readonly #run: Run = async (form, drawn, inputs, engine = this.#engine) => {
    if (inputs.lengths !== undefined && !readsLengths(engine.form(form)))
      throw (await import('./refusal.ts')).withoutLengths(this.name, form)
    // Drawn anew while something was loaded for the call.
    const anew = drawn !== this.drawn
    if (anew) this.#writeProjection(drawn)
    const outputs = engine.run(form, inputs)
    if (anew) this.#writeProjection(this.drawn)
    return outputs
  }
}
