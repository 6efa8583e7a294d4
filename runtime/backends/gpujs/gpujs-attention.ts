/** An attention on gpu.js: WebGL 2 in browsers, WebAssembly elsewhere. */
import { checkCall } from '../../arguments/call.ts'
import type { CheckedCall } from '../../arguments/call.ts'
import { checkPrefill, checkSaved, checkStep, foreignState } from '../../arguments/decoding.ts'
import type { checkBackward } from '../../arguments/gradients.ts'
import { hostCall } from '../../arguments/on-host.ts'
import { requireForm } from '../../arguments/required-form.ts'
import type {
  AttentionState,
  BackwardCall,
  ForwardCall,
  SavedState,
  StepCall,
  Tensor,
} from '../../attention.ts'
import type * as GradientCalls from '../../calls/gradients.ts'
import { ownCall } from '../../calls/own-call.ts'
import { PartialAttention } from '../../partial-attention.ts'
import { positionsAfter, savedPositions } from '../../positions.ts'
import type { GradientProgram, Program } from '../../program.ts'
import type { Opening } from '../../projection/lazy.ts'
import { roomFor } from '../../room.ts'
import { Engine } from './engine.ts'
import type { FormName } from './engine.ts'
import type { Inputs } from './inputs.ts'
import { loadLibrary } from './library.ts'
import { Session } from './session.ts'
import { GpujsState } from './state.ts'
import type { StateKeeper } from './state.ts'
import { StateTensors } from './state-tensors.ts'

/** What computes gradients, once it is loaded. */
interface Gradients {
  readonly program: GradientProgram
  readonly engine: Engine
  readonly calls: typeof GradientCalls
  readonly check: typeof checkBackward
}

export class GpujsAttention extends PartialAttention {
  readonly #session: Session
  readonly #engine: Engine
  readonly #tensors: StateTensors
  #keeper: StateKeeper
  #gradients: Gradients | undefined

  private constructor(program: Program, session: Session, options: Opening) {
    super(program, 'gpujs', session.machine.name, options)
    this.#session = session
    this.#engine = new Engine(program, session)
    this.#tensors = new StateTensors(program, session)
    this.#keeper = {
      drawn: this.drawn,
      states: new Set(),
      stretchState: (...of) => this.#tensors.stretch(...of),
      readState: (...of) => this.#tensors.read(...of),
    }
  }

  /** @throws AttentionError `no-gpujs`, `no-float-textures`, `no-wasm` */
  static async open(program: Program, options: Opening): Promise<GpujsAttention> {
    const session = new Session(program.name, await loadLibrary(program.library))
    let attention: GpujsAttention | undefined
    try {
      attention = new GpujsAttention(program, session, options)
      attention.#setConstants(options)
      return attention
    } catch (thrown) {
      attention?.destroy()
      session.end()
      throw thrown
    }
  }

  #setConstants({ weights = {} }: Opening): void {
    this.#writeProjection(this.projection)
    for (const { name, otherwise } of this.program.weights) {
      const weight = weights[name] ?? (otherwise && weights[otherwise])
      if (weight !== undefined) this.#engine.setConstant(name, weight)
    }
  }

  override redraw(seed: number): void {
    this.#session.assertUsable()
    super.redraw(seed)
    this.#writeProjection(this.projection)
    this.#keeper = { ...this.#keeper, drawn: this.drawn }
  }

  async forward<T extends Tensor>(call: ForwardCall<T>): Promise<T> {
    this.#session.assertUsable()
    const inputs = this.#inputs('forward', checkCall(this.program, 'forward', call))
    const outputs = await this.#engine.run('forward', inputs).outputs
    return outputs.get('out') as Tensor as T
  }

  async prefill<T extends Tensor>(call: ForwardCall<T>): Promise<{ out: T; state: AttentionState }> {
    this.#session.assertUsable()
    const inputs = this.#inputs('prefill', checkPrefill(this.program, call))
    const { length } = inputs.sizes
    const sizes = { ...inputs.sizes, capacity: roomFor(length) }
    const results = this.#engine.run('prefill', { ...inputs, sizes })
    const state = new GpujsState(
      this.#keeper,
      sizes,
      results.state,
      positionsAfter(inputs.sizes, inputs.lengths),
    )
    try {
      const outputs = await results.outputs
      return { out: outputs.get('out') as Tensor as T, state }
    } catch (thrown) {
      // The caller has no state to destroy.
      state.destroy()
      throw thrown
    }
  }

  async step<T extends Tensor>(state: AttentionState, call: StepCall<T>): Promise<T> {
    this.#session.assertUsable()
    requireForm(this.program, 'step')
    if (!(state instanceof GpujsState) || state.owner.drawn !== this.drawn)
      throw foreignState(this.program, state)
    // Refused before any work where the state is gone.
    void state.cells
    const inputs = this.#inputs('step', checkStep(this.program, state.sizes, call))
    state.makeRoom()
    const sizes = { ...inputs.sizes, offset: state.position, capacity: state.sizes.capacity }
    const positions = Uint32Array.from(state.positions)
    const results = this.#engine.run('step', { ...inputs, sizes, positions, state: state.cells })
    state.advance(results.state)
    const outputs = await results.outputs
    return outputs.get('out') as Tensor as T
  }

  async restore(saved: SavedState): Promise<AttentionState> {
    this.#session.assertUsable()
    checkSaved(this.program, this.drawn, saved)
    return new GpujsState(this.#keeper, saved, this.#tensors.upload(saved), savedPositions(saved))
  }

  async backward<T extends Tensor>(call: BackwardCall<T>): Promise<{ dq: T; dk: T; dv: T }> {
    this.#session.assertUsable()
    const { drawn } = this
    const ready = this.#gradients
    const given = ready ? call : ownCall(call)
    const { engine, calls, check, program } = ready ?? (await this.#loadGradients())
    this.#session.assertUsable()
    const inputs = hostCall(program, 'gpujs', 'backward', check(this.program, given))
    // Drawn anew while something was loaded for the call.
    const anew = drawn !== this.drawn
    if (anew) this.#writeProjection(drawn.projection)
    const { outputs } = engine.run('backward', inputs)
    if (anew) this.#writeProjection(this.projection)
    return calls.namedGradients<Tensor>(await outputs) as { dq: T; dk: T; dv: T }
  }

  async prepareBackward(): Promise<void> {
    this.#session.assertUsable()
    if (!this.#gradients) await this.#loadGradients()
  }

  #writeProjection(projection: Float32Array | undefined): void {
    if (projection) this.#engine.setConstant('projection', projection)
  }

  async #loadGradients(): Promise<Gradients> {
    const [calls, { checkBackward: check }] = await Promise.all([
      import('../../calls/gradients.ts'),
      import('../../arguments/gradients.ts'),
    ])
    const program = await calls.gradientsOf(this.program)
    this.#session.assertUsable()
    return (this.#gradients ??= {
      program,
      engine: new Engine(program, this.#session, this.#engine),
      calls,
      check,
    })
  }

  destroy(): void {
    for (const state of this.#keeper.states) state.deref()?.destroy()
    this.#gradients?.engine.destroy()
    this.#engine.destroy()
    this.#session.end()
  }

  #inputs(member: FormName, checked: CheckedCall): Inputs {
    return hostCall(this.program, 'gpujs', member, checked)
  }
}
