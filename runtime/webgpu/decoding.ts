/** Decoding on a WebGPU device: which buffers its calls have beside their tensors. Loaded when it is asked for. */
import { checkPrefill, checkSaved, checkStep, foreignState } from '../arguments/decoding.ts'
import { requireForm } from '../arguments/required-form.ts'
import type { AttentionState, SavedState } from '../attention.ts'
import type { Drawn } from '../base-attention.ts'
import type { Program } from '../program.ts'
import { roomFor } from '../room.ts'
import type { Engine, Inputs } from './engine.ts'
import type { Session } from './session.ts'
import { StateBuffers } from './state-buffers.ts'
import { WebgpuState } from './state.ts'

export class Decoding {
  readonly #program: Program
  readonly #session: Session
  readonly #engine: Engine

  constructor(program: Program, session: Session, engine: Engine) {
    this.#program = program
    this.#session = session
    this.#engine = engine
  }

  /** @throws AttentionError `form` */
  static check(program: Program, form: keyof Program['forms']): void {
    requireForm(program, form)
  }

  #statesOf(drawn: Drawn): StateBuffers {
    return new StateBuffers(drawn, this.#session, this.#engine)
  }

  /** A call of `prefill`, and the state that it will leave. */
  prefix(drawn: Drawn, call: unknown): { inputs: Inputs; state: AttentionState } {
    const checked = checkPrefill(this.#program, call)
    const { length } = checked.sizes
    const sizes = { ...checked.sizes, capacity: roomFor(length) }
    const states = this.#statesOf(drawn)
    const state = new WebgpuState(states, sizes, states.create(sizes), length)
    return { inputs: { ...checked, sizes, tensors: new Map([...checked.tensors, ...state.buffers]) }, state }
  }

  /** A call of `step`; the state is then one token further. */
  token(drawn: Drawn, state: AttentionState, call: unknown): Inputs {
    requireForm(this.#program, 'step')
    if (!(state instanceof WebgpuState) || state.owner.drawn !== drawn)
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

  restore(drawn: Drawn, saved: SavedState): AttentionState {
    checkSaved(this.#program, drawn, saved)
    const states = this.#statesOf(drawn)
    return new WebgpuState(states, saved, states.upload(saved), saved.position)
  }
}
