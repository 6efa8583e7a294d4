/** Decoding on a WebGPU device: which buffers its calls have beside their tensors. Loaded when it is asked for. */
import type { CheckedCall } from '../../arguments/call.ts'
import { checkPrefill, checkSaved } from '../../arguments/decoding.ts'
import { isBuffer } from '../../arguments/describe.ts'
import { requireForm } from '../../arguments/required-form.ts'
import type { AttentionState, ForwardCall, SavedState, StepCall, Tensor } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { positionsAfter, savedPositions } from '../../positions.ts'
import { roomFor } from '../../room.ts'
import { ownCall } from '../../calls/own-call.ts'
import { KeptState } from '../../calls/state.ts'
import { nextToken } from '../../calls/token.ts'
import { COPY_SRC } from './constants.ts'
import type { FormName, Inputs } from './engine.ts'
import type { Parts } from './parts.ts'
import { StateBuffers } from './state-buffers.ts'

export class Decoding {
  readonly #owner: Parts

  private constructor(owner: Parts) {
    this.#owner = owner
  }

  /**
   * With what `form` needs, and steps, so that where there is a state they need not wait.
   *
   * @throws AttentionError `form` where the program has none
   */
  static async open(owner: Parts, form: FormName): Promise<Decoding> {
    await prepare(owner, form)
    return new Decoding(owner)
  }

  async prefill<T extends Tensor>(
    drawn: Drawn,
    call: ForwardCall<T>,
  ): Promise<{ out: T; state: AttentionState }> {
    const { session, engine, run } = this.#owner
    session.assertUsable()
    const ready = engine.isPrepared('prefill')
    const given = ready ? call : ownCall(call)
    // Where a state was restored before.
    if (!ready) await prepare(this.#owner, 'prefill')
    const { inputs, state, known } = this.#prefix(drawn, given)
    try {
      const outputs = await run('prefill', drawn, inputs)
      await known
      return { out: outputs.get('out') as T, state }
    } catch (thrown) {
      // The caller has no state to destroy.
      state.destroy()
      throw thrown
    }
  }

  async step<T extends Tensor>(drawn: Drawn, given: AttentionState, call: StepCall<T>): Promise<T> {
    const { session, run } = this.#owner
    session.assertUsable()
    const { inputs, state } = this.#token(drawn, given, call)
    return (await state.during(run('step', drawn, inputs))).get('out') as T
  }

  #statesOf(drawn: Drawn): StateBuffers {
    const { program, session, engine } = this.#owner
    return new StateBuffers(program, drawn, session, engine)
  }

  /** A call of `prefill`, and the state that it will leave. */
  #prefix(drawn: Drawn, call: unknown): { inputs: Inputs; state: AttentionState; known?: Promise<void> } {
    const checked = checkPrefill(this.#owner.program, call)
    const { length } = checked.sizes
    const sizes = { ...checked.sizes, capacity: roomFor(length) }
    const states = this.#statesOf(drawn)
    const { lengths } = checked
    const onDevice = isBuffer(lengths)
    if (onDevice && (lengths.usage & COPY_SRC) === 0)
      throw new TypeError(
        `${this.#owner.program.name}.prefill: the buffer lengths needs the usage COPY_SRC, for the state to know where each batch item goes on; it has ${lengths.usage}.`,
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
    const { session, engine } = this.#owner
    const [words = new ArrayBuffer()] = await session.run(() =>
      engine.readBack(engine.encoder('prefill'), [lengths], [sizes.batch * 4]),
    )
    state.positions = positionsAfter(sizes, new Uint32Array(words))
  }

  /** A call of `step`; the state is then one token further. */
  #token(
    drawn: Drawn,
    state: AttentionState,
    call: unknown,
  ): { readonly inputs: Inputs; readonly state: KeptState<GPUBuffer> } {
    const { accepted, ...token } = nextToken<GPUBuffer, CheckedCall>(
      this.#owner.program,
      drawn,
      state,
      call,
      (checked) => checked,
    )
    const tensors = new Map([...accepted.tensors, ...token.state.buffers])
    return { inputs: { ...accepted, ...token, tensors }, state: token.state }
  }

  async restore(drawn: Drawn, saved: SavedState): Promise<AttentionState> {
    const { program, session } = this.#owner
    session.assertUsable()
    checkSaved(program, drawn, saved)
    const states = this.#statesOf(drawn)
    return new KeptState(states, saved, states.upload(saved), savedPositions(saved))
  }
}

async function prepare({ program, session, engine }: Parts, form: FormName): Promise<void> {
  session.assertUsable()
  requireForm(program, form)
  await Promise.all([engine.prepare(form), engine.prepare('step')])
  session.assertUsable()
}
