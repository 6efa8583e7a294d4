/** Decoding on a WebGPU device: which buffers its calls have beside their tensors. Loaded when it is asked for. */
import type { CheckedCall } from '../../arguments/call.ts'
import { checkPrefill, checkSaved } from '../../arguments/decoding.ts'
import { isBuffer } from '../../arguments/describe.ts'
import { requireForm } from '../../arguments/required-form.ts'
import type { AttentionState, SavedState } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { positionsAfter, savedPositions } from '../../positions.ts'
import type { FormName, Program } from '../../program.ts'
import { roomFor } from '../../room.ts'
import { KeptState } from '../../calls/state.ts'
import { nextToken } from '../../calls/token.ts'
import { COPY_SRC } from './constants.ts'
import type { Engine, Inputs } from './engine.ts'
import type { Session } from './session.ts'
import { StateBuffers } from './state-buffers.ts'

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
  static check(program: Program, form: FormName): void {
    requireForm(program, form)
  }

  #statesOf(drawn: Drawn): StateBuffers {
    return new StateBuffers(this.#program, drawn, this.#session, this.#engine)
  }

  /** A call of `prefill`, and the state that it will leave. */
  prefix(drawn: Drawn, call: unknown): { inputs: Inputs; state: AttentionState; known?: Promise<void> } {
    const checked = checkPrefill(this.#program, call)
    const { length } = checked.sizes
    const sizes = { ...checked.sizes, capacity: roomFor(length) }
    const states = this.#statesOf(drawn)
    const { lengths } = checked
    const onDevice = isBuffer(lengths)
    if (onDevice && (lengths.usage & COPY_SRC) === 0)
      throw new TypeError(
        `${this.#program.name}.prefill: the buffer lengths needs the usage COPY_SRC, for the state to know where each batch item goes on; it has ${lengths.usage}.`,
      )
    const positions = positionsAfter(sizes, onDevice ? undefined : lengths)
    const state = new KeptState(states, sizes, states.create(sizes), positions)
    const inputs = { ...checked, sizes, tensors: new Map([...checked.tensors, ...state.buffers]) }
    if (!onDevice) return { inputs, state }
    const known = this.#measure(state, lengths, sizes)
    // Where the call fails, nobody waits for it.
    known.catch(() => {})
    return { inputs, state, known }
  }

  /** Tells a state the lengths as they are now: the copy is submitted at once. */
  async #measure(state: KeptState<GPUBuffer>, lengths: GPUBuffer, sizes: Inputs['sizes']): Promise<void> {
    const [words = new ArrayBuffer()] = await this.#session.run(() =>
      this.#engine.readBack(this.#engine.encoder('prefill'), [lengths], [sizes.batch * 4]),
    )
    state.positions = positionsAfter(sizes, new Uint32Array(words))
  }

  /** A call of `step`; the state is then one token further. */
  token(drawn: Drawn, state: AttentionState, call: unknown): Inputs {
    const { accepted, ...token } = nextToken<GPUBuffer, CheckedCall>(
      this.#program,
      drawn,
      state,
      call,
      (checked) => checked,
    )
    const tensors = new Map([...accepted.tensors, ...token.state.buffers])
    return { ...accepted, ...token, tensors }
  }

  restore(drawn: Drawn, saved: SavedState): AttentionState {
    checkSaved(this.#program, drawn, saved)
    const states = this.#statesOf(drawn)
    return new KeptState(states, saved, states.upload(saved), savedPositions(saved))
  }
}
