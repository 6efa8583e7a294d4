/** An attention on a WebGPU device. */
import { checkCall } from '../../arguments/call.ts'
import { describe, isBuffer, requireObject } from '../../arguments/describe.ts'
import type {
  AttentionState,
  BackwardCall,
  DispatchTime,
  EncodeBuffers,
  ForwardCall,
  SavedState,
  Sizes,
  StepCall,
  Tensor,
} from '../../attention.ts'
import { BaseAttention } from '../../base-attention.ts'
import type { Drawn } from '../../base-attention.ts'
import type * as GradientCalls from '../../calls/gradients.ts'
import { ownCall } from '../../calls/own-call.ts'
import { AttentionError } from '../../errors.ts'
import type { Program } from '../../program.ts'
import type { Opening } from '../../projection/lazy.ts'
import type { Decoding } from './decoding.ts'
import { deviceName } from './device.ts'
import { Engine } from './engine.ts'
import type { FormName, Inputs } from './engine.ts'
import { Session } from './session.ts'

/** What computes gradients, once it is loaded. */
interface Gradients {
  readonly engine: Engine
  readonly calls: typeof GradientCalls
}

export class WebgpuAttention extends BaseAttention {
  readonly #session: Session
  readonly #engine: Engine
  #decoding: Decoding | undefined
  #gradients: Gradients | undefined

  private constructor(program: Program, session: Session, options: Opening) {
    super(program, 'webgpu', deviceName(session.device), options, session.device)
    this.#session = session
    this.#engine = new Engine(program, session)
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
    const attention = await session.run(async () => new WebgpuAttention(program, session, options))
    try {
      await attention.#engine.prepare('forward')
      session.assertUsable()
    } catch (thrown) {
      attention.destroy()
      throw thrown
    }
    return attention
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
    // Gradients have no transforms.
    if (this.#gradients) this.#engine.setConstant('projection', projection)
  }

  async forward<T extends Tensor>(call: ForwardCall<T>): Promise<T> {
    this.#session.assertUsable()
    const outputs = await this.#run('forward', this.drawn, checkCall(this.program, 'forward', call))
    return outputs.get('out') as T
  }

  async prefill<T extends Tensor>(call: ForwardCall<T>): Promise<{ out: T; state: AttentionState }> {
    this.#session.assertUsable()
    const { drawn } = this
    const ready = this.#engine.isPrepared('prefill') ? this.#decoding : undefined
    const given = ready ? call : ownCall(call)
    const { inputs, state, known } = (ready ?? (await this.#loadDecoding('prefill'))).prefix(drawn, given)
    try {
      const outputs = await this.#run('prefill', drawn, inputs)
      await known
      return { out: outputs.get('out') as T, state }
    } catch (thrown) {
      // The caller has no state to destroy.
      state.destroy()
      throw thrown
    }
  }

  async step<T extends Tensor>(state: AttentionState, call: StepCall<T>): Promise<T> {
    this.#session.assertUsable()
    // Whoever has a state of it has loaded it: this is taken at once.
    const decoding = this.#decoding ?? (await this.#loadDecoding('step'))
    const inputs = decoding.token(this.drawn, state, call)
    try {
      return (await this.#run('step', this.drawn, inputs)).get('out') as T
    } catch (error) {
      // What the device refused may be half done, or not at all.
      state.destroy()
      throw error
    }
  }

  async restore(saved: SavedState): Promise<AttentionState> {
    this.#session.assertUsable()
    const { drawn } = this
    const given = this.#decoding ? saved : ownCall(saved)
    return (this.#decoding ?? (await this.#loadDecoding('step'))).restore(drawn, given)
  }

  /** With what steps need, so that where there is a state they need not wait. */
  async #loadDecoding(form: FormName): Promise<Decoding> {
    const { Decoding } = await import('./decoding.ts')
    Decoding.check(this.program, form)
    await Promise.all([this.#engine.prepare(form), this.#engine.prepare('step')])
    this.#session.assertUsable()
    return (this.#decoding ??= new Decoding(this.program, this.#session, this.#engine))
  }

  async backward<T extends Tensor>(call: BackwardCall<T>): Promise<{ dq: T; dk: T; dv: T }> {
    this.#session.assertUsable()
    const { drawn } = this
    const ready = this.#gradients
    const given = ready ? call : ownCall(call)
    const { engine, calls } = ready ?? (await this.#loadGradients())
    const inputs = calls.checkBackward(this.program, given)
    return calls.namedGradients(await this.#run('backward', drawn, inputs, engine)) as { dq: T; dk: T; dv: T }
  }

  /** With kernels of their own, and the same projection and weights. */
  async #loadGradients(): Promise<Gradients> {
    const calls = await import('../../calls/gradients.ts')
    const engine = new Engine(await calls.gradientsOf(this.program), this.#session, this.#engine)
    await engine.prepare('backward')
    this.#session.assertUsable()
    this.#gradients ??= { engine, calls }
    this.#writeProjection(this.drawn)
    return this.#gradients
  }

  encode(encoder: GPUCommandEncoder, buffers: EncodeBuffers, sizes: Sizes): void {
    this.#session.assertUsable()
    if (!encoder?.beginComputePass)
      throw new TypeError(`${this.name}.encode: expected a GPUCommandEncoder; it is ${describe(encoder)}.`)
    requireObject(`${this.name}.encode`, buffers)
    requireObject(`${this.name}.encode`, sizes)
    const checked = checkCall(this.program, 'encode', { ...sizes, ...buffers }, ['q', 'k', 'v', 'out'])
    const { lengths, queryLengths } = checked
    if (checked.onHost || [lengths, queryLengths].some((one) => one && !isBuffer(one))) {
      throw new TypeError(
        `${this.name}.encode takes GPUBuffers, lengths included: what it records runs later.`,
      )
    }
    this.#engine.encode(encoder, checked)
  }

  async profile(call: ForwardCall<Tensor>): Promise<readonly DispatchTime[]> {
    this.#session.assertUsable()
    const inputs = checkCall(this.program, 'profile', call)
    const { profile } = await import('./profile.ts')
    return profile(this.#session, this.#engine, inputs)
  }

  destroy(): void {
    this.#gradients?.engine.destroy()
    this.#engine.destroy()
  }

  /** Without an await before what is given has been read: calls run in the order in which they were made. */
  async #run(
    form: FormName,
    drawn: Drawn,
    inputs: Inputs,
    engine = this.#engine,
  ): Promise<ReadonlyMap<string, Tensor>> {
    const takesLengths = engine.form(form).buffers.some(({ name }) => name === 'lengths')
    if (inputs.lengths !== undefined && !takesLengths)
      throw new AttentionError(
        'form',
        `${this.name}.${form} was compiled without lengths; pass whole sequences.`,
      )
    // Drawn anew while something was loaded for the call.
    const anew = drawn !== this.drawn
    if (anew) this.#writeProjection(drawn)
    const outputs = engine.run(form, inputs)
    if (anew) this.#writeProjection(this.drawn)
    return outputs
  }
}
