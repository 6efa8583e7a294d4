/** Decoding on gpu.js. Loaded when it is asked for. */
import { apartFromState, checkPrefill, checkSaved, checkStep } from '../../arguments/decoding.ts'
import { requireForm } from '../../arguments/required-form.ts'
import type { AttentionState, PrefillCall, SavedState, StepCall, Tensor } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { ownState } from '../../calls/carried.ts'
import { formBehind, keysThrough } from '../../calls/prefix.ts'
import { positionsAfter, savedPositions } from '../../positions.ts'
import { roomFor } from '../../room.ts'
import type { Results } from './form-runner.ts'
import type { Owner } from './owner.ts'
import { GpujsState } from './state.ts'
import type { StateKeeper } from './state.ts'
import { StateTensors } from './state-tensors.ts'
import { free } from './transfers.ts'

export class Decoding {
  readonly #owner: Owner
  readonly #tensors: StateTensors
  readonly #states: StateKeeper['states'] = new Set()

  constructor(owner: Owner) {
    this.#owner = owner
    this.#tensors = new StateTensors(owner.program, owner.session)
  }

  async prefill<T extends Tensor>(
    drawn: Drawn,
    call: PrefillCall<T>,
  ): Promise<{ out: T; state: AttentionState }> {
    this.#owner.session.assertUsable()
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

  #keeperFor(drawn: Drawn): StateKeeper {
    return {
      drawn,
      states: this.#states,
      stretchState: (...of) => this.#tensors.stretch(...of),
      readState: (...of) => this.#tensors.read(...of),
    }
  }

  /** Rows that begin sequences or follow those of a state, on their way, and the state that they leave. */
  #prefix(drawn: Drawn, call: unknown): { readonly results: Results; readonly state: GpujsState } {
    const { program, onHost, run } = this.#owner
    const { plain, from } = apartFromState(program, call)
    const before = from === undefined ? undefined : ownState(program, GpujsState, drawn, from, 'prefill')
    const inputs = onHost('prefill', checkPrefill(program, plain, before?.sizes))
    const added = positionsAfter(inputs.sizes, inputs.lengths)
    const keeper = this.#keeperFor(drawn)
    if (!before) {
      const sizes = { ...inputs.sizes, capacity: roomFor(inputs.sizes.length) }
      const results = run('prefill', drawn, { ...inputs, sizes })
      return { results, state: new GpujsState(keeper, sizes, results.state, added) }
    }
    const positions = Uint32Array.from(before.positions)
    const capacity = Math.max(before.sizes.capacity, roomFor(before.position + inputs.sizes.length))
    const sizes = { ...inputs.sizes, offset: before.position, capacity }
    const lengths = keysThrough(program, inputs.lengths, positions)
    const state = this.#tensors.stretch(before.contents, before.sizes, capacity)
    try {
      const behind = { ...inputs, sizes, lengths, positions, state }
      const results = run(formBehind(program), drawn, behind)
      const after = added.map((count, item) => count + (positions[item] ?? 0))
      return { results, state: new GpujsState(keeper, sizes, results.state, after) }
    } finally {
      for (const cells of state.values()) free(cells)
    }
  }

  async step<T extends Tensor>(drawn: Drawn, given: AttentionState, call: StepCall<T>): Promise<T> {
    const { program, session, onHost, run } = this.#owner
    session.assertUsable()
    requireForm(program, 'step')
    const state = ownState(program, GpujsState, drawn, given, 'step')
    const inputs = onHost('step', checkStep(program, state.sizes, call))
    state.makeRoom()
    const sizes = { ...inputs.sizes, offset: state.position, capacity: state.sizes.capacity }
    const positions = Uint32Array.from(state.positions)
    const results = run('step', drawn, { ...inputs, sizes, positions, state: state.contents })
    state.advance(results.state)
    const outputs = await results.outputs
    return outputs.get('out') as Tensor as T
  }

  async restore(drawn: Drawn, saved: SavedState): Promise<AttentionState> {
    const { program, session } = this.#owner
    session.assertUsable()
    checkSaved(program, drawn, saved)
    const cells = this.#tensors.upload(saved)
    return new GpujsState(this.#keeperFor(drawn), saved, cells, savedPositions(saved))
  }

  destroy(): void {
    for (const state of this.#states) state.deref()?.destroy()
  }
}
