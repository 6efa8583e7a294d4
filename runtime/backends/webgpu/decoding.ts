/** Decoding on a WebGPU device: which buffers its calls have beside their tensors. Loaded when it is asked for. */
import type { CheckedCall } from '../../arguments/call.ts'
import { checkSaved } from '../../arguments/decoding.ts'
import { isBuffer } from '../../arguments/describe.ts'
import { requireForm } from '../../arguments/required-form.ts'
import type { AttentionState, PrefillCall, SavedState, StepCall, Tensor } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { savedPositions } from '../../positions.ts'
import { withOwn } from '../../calls/own-call.ts'
import { advance, formBehind, keysThrough, prefixOf } from '../../calls/prefix.ts'
import { BufferState } from '../../calls/buffer-state.ts'
import { nextToken } from '../../calls/token.ts'
import { wholeProgram } from '../../calls/whole-program.ts'
import { COPY_SRC } from './constants.ts'
import type { FormName, Inputs } from './engine.ts'
import type { Parts } from './parts.ts'
import { StateBuffers } from './state-buffers.ts'

/** A call of `prefill`, and the state that it leaves. */
interface Prefix {
  readonly inputs: Inputs
  readonly state: BufferState<GPUBuffer>
  /** When it knows where it stands, if lengths are on the device. */
  readonly known?: Promise<void>
}

export class Decoding {
  readonly #owner: Parts

  private constructor(owner: Parts) {
    this.#owner = owner
  }

  static async open(owner: Parts): Promise<Decoding> {
    const program = await wholeProgram(owner.program)
    owner.session.assertUsable()
    owner.extend(program)
    return new Decoding({ ...owner, program })
  }

  /** @param own whether nobody else changes the call */
  async prefill<T extends Tensor>(
    drawn: Drawn,
    call: PrefillCall<T>,
    own = false,
  ): Promise<{ out: T; state: AttentionState }> {
    const { program, session } = this.#owner
    session.assertUsable()
    const { state } = Object(call) as { readonly state?: unknown }
    const form = state === undefined ? 'prefill' : formBehind(program)
    return this.#prepared(form, call, own, (held) => this.#prefill(form, drawn, held))
  }

  async #prefill<T extends Tensor>(
    form: FormName,
    drawn: Drawn,
    call: PrefillCall<T>,
  ): Promise<{ out: T; state: AttentionState }> {
    const prefix = this.#prefix(drawn, call)
    // Without an await where there is nothing to wait for: arrays are read before the promise is returned.
    const { inputs, state, known } = prefix instanceof Promise ? await prefix : prefix
    try {
      const { sound } = state
      // What finds no room is refused under the name that its caller knows.
      if (form !== 'prefill') this.#owner.engine.slices(form, inputs.sizes, 'prefill')
      const outputs = await this.#owner.run(form, drawn, inputs)
      await Promise.all([known, sound])
      return { out: outputs.get('out') as T, state }
    } catch (thrown) {
      // The caller has no state to destroy.
      state.destroy()
      throw thrown
    }
  }

  /**
   * What a call gives once the kernels of its form are there, and those of steps, so that where there is a state they need
   * not wait.
   *
   * @throws AttentionError `form` where the program has none
   */
  #prepared<Call, R>(form: FormName, call: Call, own: boolean, run: (call: Call) => Promise<R>): Promise<R> {
    const { program, session, engine } = this.#owner
    if (engine.isPrepared(form)) return run(call)
    const wait = async (held: Call): Promise<R> => {
      requireForm(program, form)
      await Promise.all([engine.prepare(form), engine.prepare('step')])
      session.assertUsable()
      return run(held)
    }
    return own ? wait(call) : withOwn(call, wait)
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
  #prefix(drawn: Drawn, call: unknown): Prefix | Promise<Prefix> {
    const { program } = this.#owner
    const { accepted, sizes, state, positions } = prefixOf<GPUBuffer, CheckedCall>(program, drawn, call, {
      accept: (checked) => this.#readable(checked),
      keeper: this.#statesOf(drawn),
    })
    const { lengths } = accepted
    const tensors = new Map([...accepted.tensors, ...state.contents])
    const inputs = { ...accepted, sizes, positions, tensors }
    if (!isBuffer(lengths)) {
      advance(state, sizes, lengths)
      return { inputs: { ...inputs, lengths: keysThrough(program, lengths, positions) }, state }
    }
    const known = this.#measure(lengths, sizes.batch).then((counts) => advance(state, sizes, counts))
    // Where the call fails, nobody waits for it.
    known.catch(() => {})
    // Rows that are kept count from the beginning of the sequence, which takes the host to say.
    if (positions === undefined || program.features > 0) return { inputs, state, known }
    return known.then(
      () => ({ inputs: { ...inputs, lengths: Uint32Array.from(state.positions) }, state }),
      (thrown: unknown) => {
        state.destroy()
        throw thrown
      },
    )
  }

  /** @throws TypeError where lengths are on the device and cannot be copied from there */
  #readable(checked: CheckedCall): CheckedCall {
    const { lengths } = checked
    if (isBuffer(lengths) && (lengths.usage & COPY_SRC) === 0)
      throw new TypeError(
        `${this.#owner.program.name}.prefill: the buffer lengths needs the usage COPY_SRC, for the state to know where each batch item goes on; it has ${lengths.usage}.`,
      )
    return checked
  }

  /** Lengths as they are now: the copy is submitted at once. */
  async #measure(lengths: GPUBuffer, batch: number): Promise<Uint32Array> {
    const { session, engine } = this.#owner
    const [words = new ArrayBuffer()] = await session.run(() =>
      engine.readBack(engine.encoder('prefill'), [lengths], [batch * 4]),
    )
    return new Uint32Array(words)
  }

  /** A call of `step`; the state is then one token further. */
  #token(
    drawn: Drawn,
    state: AttentionState,
    call: unknown,
  ): { readonly inputs: Inputs; readonly state: BufferState<GPUBuffer> } {
    const { accepted, ...token } = nextToken<GPUBuffer, CheckedCall>(
      this.#owner.program,
      drawn,
      state,
      call,
      (checked) => checked,
    )
    const tensors = new Map([...accepted.tensors, ...token.state.contents])
    return { inputs: { ...accepted, ...token, tensors }, state: token.state }
  }

  /** @param own whether nobody else changes what was saved */
  async restore(drawn: Drawn, given: SavedState, own = false): Promise<AttentionState> {
    const { program, session } = this.#owner
    session.assertUsable()
    return this.#prepared('step', given, own, async (saved) => {
      checkSaved(program, drawn, saved)
      const states = this.#statesOf(drawn)
      return new BufferState(states, saved, states.upload(saved), savedPositions(saved))
    })
  }
}
