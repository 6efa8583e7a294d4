/** An attention on gpu.js: WebGL 2 in browsers, WebAssembly elsewhere. */
import { checkCall } from '../../arguments/call.ts'
import type { CheckedCall } from '../../arguments/call.ts'
import { apartFromState, checkPrefill, checkSaved, checkStep } from '../../arguments/decoding.ts'
import { hostCall } from '../../arguments/on-host.ts'
import { requireForm } from '../../arguments/required-form.ts'
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
import { withOwn } from '../../calls/own-call.ts'
import { Loaded } from '../../calls/loaded.ts'
import { formBehind, keysThrough } from '../../calls/prefix.ts'
import { PartialAttention } from '../../partial-attention.ts'
import { positionsAfter, savedPositions } from '../../positions.ts'
import type { Program } from '../../program.ts'
import type { Opening } from '../../projection/lazy.ts'
import { roomFor } from '../../room.ts'
import type { Backward } from './backward.ts'
import { Engine } from './engine.ts'
import type { FormName } from './engine.ts'
import type { Results } from './form-runner.ts'
import type { Inputs } from './inputs.ts'
import { loadLibrary } from './library.ts'
import { Session } from './session.ts'
import { GpujsState, ownCells } from './state.ts'
import type { StateKeeper } from './state.ts'
import { StateTensors } from './state-tensors.ts'
import { free } from './transfers.ts'

export class GpujsAttention extends PartialAttention {
  readonly #session: Session
  readonly #engine: Engine
  readonly #tensors: StateTensors
  #keeper: StateKeeper
  readonly #backward = new Loaded<Backward>()

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

  protected async pass<T extends Tensor>(call: ForwardCall<T>, drawn: Drawn): Promise<T> {
    const turned = this.turned<T>('forward', call, drawn)
    if (turned) return turned
    this.#session.assertUsable()
    const inputs = this.#inputs('forward', checkCall(this.program, 'forward', call))
    const outputs = await this.#run('forward', drawn, inputs).outputs
    return outputs.get('out') as Tensor as T
  }

  async prefill<T extends Tensor>(
    call: PrefillCall<T>,
    drawn = this.drawn,
  ): Promise<{ out: T; state: AttentionState }> {
    const turned = this.turned<{ out: T; state: AttentionState }>('prefill', call, drawn)
    if (turned) return turned
    this.#session.assertUsable()
    const { results, state } = this.#prefix(drawn, call)
    try {
      const outputs = await results.outputs
      return { out: outputs.get('out') as Tensor as T, state }
    } catch (thrown) {
      // The caller has no state to destroy.
      state.destroy()
      throw thrown
    }
  }

  /** Rows that begin sequences or follow those of a state, on their way, and the state that they leave. */
  #prefix(drawn: Drawn, call: unknown): { readonly results: Results; readonly state: GpujsState } {
    const { program } = this
    const { plain, from } = apartFromState(program, call)
    const before = from === undefined ? undefined : ownCells(program, drawn, from, 'prefill')
    const inputs = this.#inputs('prefill', checkPrefill(program, plain, before?.sizes))
    const added = positionsAfter(inputs.sizes, inputs.lengths)
    const keeper = { ...this.#keeper, drawn }
    if (!before) {
      const sizes = { ...inputs.sizes, capacity: roomFor(inputs.sizes.length) }
      const results = this.#run('prefill', drawn, { ...inputs, sizes })
      return { results, state: new GpujsState(keeper, sizes, results.state, added) }
    }
    const positions = Uint32Array.from(before.positions)
    const capacity = Math.max(before.sizes.capacity, roomFor(before.position + inputs.sizes.length))
    const sizes = { ...inputs.sizes, offset: before.position, capacity }
    const lengths = keysThrough(program, inputs.lengths, positions)
    const state = this.#tensors.stretch(before.cells, before.sizes, capacity)
    try {
      const behind = { ...inputs, sizes, lengths, positions, state }
      const results = this.#run(formBehind(program), drawn, behind)
      const after = added.map((count, item) => count + (positions[item] ?? 0))
      return { results, state: new GpujsState(keeper, sizes, results.state, after) }
    } finally {
      for (const cells of state.values()) free(cells)
    }
  }

  async step<T extends Tensor>(given: AttentionState, call: StepCall<T>, drawn = this.drawn): Promise<T> {
    this.#session.assertUsable()
    requireForm(this.program, 'step')
    const state = ownCells(this.program, drawn, given, 'step')
    const inputs = this.#inputs('step', checkStep(this.program, state.sizes, call))
    state.makeRoom()
    const sizes = { ...inputs.sizes, offset: state.position, capacity: state.sizes.capacity }
    const positions = Uint32Array.from(state.positions)
    const results = this.#run('step', drawn, { ...inputs, sizes, positions, state: state.cells })
    state.advance(results.state)
    const outputs = await results.outputs
    return outputs.get('out') as Tensor as T
  }

  async restore(saved: SavedState, drawn = this.drawn): Promise<AttentionState> {
    this.#session.assertUsable()
    checkSaved(this.program, drawn, saved)
    return new GpujsState(
      { ...this.#keeper, drawn },
      saved,
      this.#tensors.upload(saved),
      savedPositions(saved),
    )
  }

  async backward<T extends Tensor>(call: BackwardCall<T>, drawn = this.drawn): Promise<Gradients<T>> {
    const turned = this.turned<Gradients<T>>('backward', call, drawn)
    if (turned) return turned
    this.#session.assertUsable()
    const { now } = this.#backward
    if (now) return now.run(drawn, call)
    return withOwn(call, async (own) => (await this.#loadBackward()).run(drawn, own, true))
  }

  #loadBackward(): Promise<Backward> {
    return this.#backward.load(async () => {
      const { Backward } = await import('./backward.ts')
      const { program, weights } = this
      return new Backward({ program, weights, session: this.#session, engine: this.#engine, run: this.#run })
    })
  }

  async prepareBackward(options?: PrepareBackward): Promise<void> {
    this.#session.assertUsable()
    await (this.#backward.now ?? (await this.#loadBackward())).prepare(options)
  }

  #writeProjection(projection: Float32Array | undefined): void {
    if (projection) this.#engine.setConstant('projection', projection)
  }

  /** All dispatches are made before it returns. */
  readonly #run = (form: FormName, drawn: Drawn, inputs: Inputs, engine = this.#engine): Results => {
    // Drawn anew while something was loaded for the call.
    const anew = drawn !== this.drawn
    if (anew) this.#writeProjection(drawn.projection)
    try {
      return engine.run(form, inputs)
    } finally {
      if (anew) this.#writeProjection(this.projection)
    }
  }

  destroy(): void {
    for (const state of this.#keeper.states) state.deref()?.destroy()
    this.#backward.now?.destroy()
    this.#engine.destroy()
    this.#session.end()
  }

  #inputs(member: FormName, checked: CheckedCall): Inputs {
    return hostCall(this.program, 'gpujs', member, checked)
  }
}
