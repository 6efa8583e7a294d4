/** Decoding on the processor: what its calls have beside their tensors. Loaded when it is asked for. */
import { checkSaved } from '../../arguments/decoding.ts'
import type { AttentionState, PrefillCall, SavedState, StepCall, Tensor } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { advance, keysThrough, prefixOf } from '../../calls/prefix.ts'
import { BufferState } from '../../calls/buffer-state.ts'
import { nextToken } from '../../calls/token.ts'
export { wholeProgram } from '../../calls/whole-program.ts'
import type { HostCall } from '../../partial-attention.ts'
import { savedPositions } from '../../positions.ts'
import type { Block } from './blocks.ts'
import type { FormName, Inputs } from './engine.ts'
import type { Parts } from './parts.ts'
import { StateBlocks } from './state-blocks.ts'

/** A call, and the state that it leaves or goes on from. */
interface StateCall {
  readonly inputs: Inputs
  readonly state: BufferState<Block>
}

export class Decoding {
  readonly #owner: Parts

  constructor(owner: Parts) {
    this.#owner = owner
  }

  async prefill<T extends Tensor>(
    drawn: Drawn,
    call: PrefillCall<T>,
  ): Promise<{ out: T; state: AttentionState }> {
    const { own, run } = this.#owner
    own.assertUsable()
    const { form, inputs, state } = this.#prefix(drawn, call)
    try {
      const { sound } = state
      const outputs = await run(form, drawn, inputs)
      await sound
      return { out: outputs.get('out') as Tensor as T, state }
    } catch (thrown) {
      // The caller has no state to destroy.
      state.destroy()
      throw thrown
    }
  }

  async step<T extends Tensor>(drawn: Drawn, given: AttentionState, call: StepCall<T>): Promise<T> {
    const { own, run } = this.#owner
    own.assertUsable()
    const { inputs, state } = this.#token(drawn, given, call)
    return (await state.during(run('step', drawn, inputs))).get('out') as Tensor as T
  }

  #statesOf(drawn: Drawn): StateBlocks {
    const { program, machine, own } = this.#owner
    return new StateBlocks(program, machine, own, drawn)
  }

  /** A call of `prefill`, and the state that it will leave. */
  #prefix(drawn: Drawn, call: unknown): StateCall & { readonly form: FormName } {
    const { program, onHost } = this.#owner
    const { form, accepted, sizes, state, positions } = prefixOf<Block, HostCall>(program, drawn, call, {
      accept: (checked) => onHost('prefill', checked),
      keeper: this.#statesOf(drawn),
    })
    const lengths = keysThrough(program, accepted.lengths, positions)
    advance(state, sizes, accepted.lengths)
    return { form, inputs: { ...accepted, sizes, lengths, positions, state: state.contents }, state }
  }

  /** A call of `step`; the state is then one token further. */
  #token(drawn: Drawn, given: AttentionState, call: unknown): StateCall {
    const { program, onHost } = this.#owner
    const { accepted, sizes, state, positions } = nextToken<Block, HostCall>(
      program,
      drawn,
      given,
      call,
      (checked) => onHost('step', checked),
    )
    const { tensors, lengths, queryLengths } = accepted
    return { inputs: { sizes, tensors, lengths, queryLengths, positions, state: state.contents }, state }
  }

  async restore(drawn: Drawn, saved: SavedState): Promise<AttentionState> {
    const { program, own } = this.#owner
    own.assertUsable()
    checkSaved(program, drawn, saved)
    const states = this.#statesOf(drawn)
    return new BufferState(states, saved, states.upload(saved), savedPositions(saved))
  }
}
