/** Decoding on a WebGPU device: which buffers its calls have beside their tensors. Loaded when it is asked for. */
import { checkPrefill, checkSaved, checkStep, foreignState } from '../arguments/decoding.ts'
import { requireForm } from '../arguments/form.ts'
import type { AttentionState, SavedState } from '../attention.ts'
import type { Program } from '../program.ts'
import { roomFor } from '../room.ts'
import type { Engine, Inputs } from './engine.ts'
import type { Session } from './session.ts'
import { StateBuffers } from './state-buffers.ts'
import { WebgpuState } from './state.ts'

export class Decoding {
  readonly #program: Program
  readonly #makeKeeper: () => StateBuffers
  #states: StateBuffers

  constructor(program: Program, session: Session, engine: Engine) {
    this.#program = program
    this.#makeKeeper = () => new StateBuffers(program, session, engine)
    this.#states = this.#makeKeeper()
  }

  /** Refuses the states so far from now on: sums of features go with the projection. */
  disown(): void {
    this.#states = this.#makeKeeper()
  }

  /** A call of `prefill`, and the state that it will leave. */
  prefix(call: unknown): { inputs: Inputs; state: AttentionState } {
    const checked = checkPrefill(this.#program, call)
    const { length } = checked.sizes
    const sizes = { ...checked.sizes, capacity: roomFor(length) }
    const state = new WebgpuState(this.#states, sizes, this.#states.create(sizes), length)
    return { inputs: { ...checked, sizes, tensors: new Map([...checked.tensors, ...state.buffers]) }, state }
  }

  /** A call of `step`; the state is then one token further. */
  token(state: AttentionState, call: unknown): Inputs {
    requireForm(this.#program, 'step')
    if (!(state instanceof WebgpuState) || state.owner !== this.#states)
      throw foreignState(this.#program, state)
    // Refused before any work where the state is gone.
    void state.buffers
    const checked = checkStep(this.#program, state.sizes, call)
    state.makeRoom()
    const { capacity } = state.sizes
    const offset = state.position++
    const tensors = new Map([...checked.tensors, ...state.buffers])
    return { ...checked, tensors, sizes: { ...checked.sizes, offset, capacity } }
  }

  restore(saved: SavedState): AttentionState {
    checkSaved(this.#program, saved)
    const buffers = this.#states.create(saved)
    this.#states.write(buffers, saved, saved.tensors)
    return new WebgpuState(this.#states, saved, buffers, saved.position)
  }
}
