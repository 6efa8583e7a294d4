/** Decoding on the processor: what its calls have beside their tensors. Loaded when it is asked for. */
import { checkPrefill, checkSaved } from '../../arguments/decoding.ts'
import { hostCall } from '../../arguments/on-host.ts'
import type { HostCall } from '../../arguments/on-host.ts'
import type { AttentionState, SavedState } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { KeptState } from '../../calls/state.ts'
import { nextToken } from '../../calls/token.ts'
import { positionsAfter, savedPositions } from '../../positions.ts'
import type { Program } from '../../program.ts'
import { roomFor } from '../../room.ts'
import type { Block, OwnBlocks } from './blocks.ts'
import type { Inputs } from './engine.ts'
import type { Machine } from './machine.ts'
import { StateBlocks } from './state-blocks.ts'

/** A call, and the state that it leaves or goes on from. */
interface StateCall {
  readonly inputs: Inputs
  readonly state: KeptState<Block>
}

export class Decoding {
  readonly #program: Program
  readonly #machine: Machine
  readonly #own: OwnBlocks

  constructor(program: Program, machine: Machine, own: OwnBlocks) {
    this.#program = program
    this.#machine = machine
    this.#own = own
  }

  #statesOf(drawn: Drawn): StateBlocks {
    return new StateBlocks(this.#program, this.#machine, this.#own, drawn)
  }

  /** A call of `prefill`, and the state that it will leave. */
  prefix(drawn: Drawn, call: unknown): StateCall {
    const given = hostCall(this.#program, 'wasm', 'prefill', checkPrefill(this.#program, call))
    const sizes = { ...given.sizes, capacity: roomFor(given.sizes.length) }
    const states = this.#statesOf(drawn)
    const buffers = states.create(sizes)
    const state = new KeptState(states, sizes, buffers, positionsAfter(sizes, given.lengths))
    return { inputs: { ...given, sizes, state: buffers }, state }
  }

  /** A call of `step`; the state is then one token further. */
  token(drawn: Drawn, given: AttentionState, call: unknown): StateCall {
    const program = this.#program
    const { accepted, sizes, state, positions } = nextToken<Block, HostCall>(
      program,
      drawn,
      given,
      call,
      (checked) => hostCall(program, 'wasm', 'step', checked),
    )
    const { tensors, lengths, queryLengths } = accepted
    return { inputs: { sizes, tensors, lengths, queryLengths, positions, state: state.buffers }, state }
  }

  restore(drawn: Drawn, saved: SavedState): AttentionState {
    checkSaved(this.#program, drawn, saved)
    const states = this.#statesOf(drawn)
    return new KeptState(states, saved, states.upload(saved), savedPositions(saved))
  }
}
