/** Decoding with states of 16 bits a number, which are f32 while a call has them. */
import type {
  AttentionState,
  BackwardCall,
  Gradients,
  PrefillCall,
  SavedState,
  StepCall,
  Tensor,
} from '../attention.ts'
import type { BaseAttention, Drawn } from '../base-attention.ts'
import { compiledFor } from '../backends/others.ts'
import { ownState } from '../calls/carried.ts'
import { ownCall } from '../calls/own-call.ts'
import { stateTensors } from '../calls/state-tensors.ts'
import { wholeProgram } from '../calls/whole-program.ts'
import type { Program } from '../program.ts'
import type { Decoding } from './decoding.ts'
import { HalfState, restored, stored } from './half-state.ts'
import type { HalfKeeper, ScalesByName, Stored } from './half-state.ts'

export class HalfDecoding implements Decoding {
  readonly #wide: BaseAttention
  readonly #program: Program
  /** Another one after each `redraw`. */
  #keeper: HalfKeeper

  private constructor(wide: BaseAttention, program: Program, keeper: HalfKeeper) {
    this.#wide = wide
    this.#program = program
    this.#keeper = keeper
  }

  static async open(wide: BaseAttention, program: Program): Promise<HalfDecoding> {
    const { backend } = wide
    // The reference carries rows; other backends than the program's own have tensors of their own.
    const compiled =
      backend === 'reference' ? undefined : await wholeProgram(await compiledFor(program, backend))
    return new HalfDecoding(wide, program, {
      name: program.name,
      scales: compiled === undefined ? new Map() : scalesOf(compiled),
    })
  }

  redraw(seed: number): void {
    this.#wide.redraw(seed)
    this.#keeper = { ...this.#keeper }
  }

  async prefill<T extends Tensor>(call: PrefillCall<T>): Promise<{ out: T; state: AttentionState }> {
    const keeper = this.#keeper
    const { state: from } = call
    if (from !== undefined) return this.#behind(keeper, this.#wide.drawn, from, call)
    const { out, state } = await this.#wide.prefill(call)
    return { out, state: await taken(keeper, state) }
  }

  async #behind<T extends Tensor>(
    keeper: HalfKeeper,
    drawn: Drawn,
    from: AttentionState,
    call: PrefillCall<T>,
  ): Promise<{ out: T; state: AttentionState }> {
    return this.#within(keeper, drawn, from, 'prefill', async (before) => {
      const { out, state } = await this.#wide.prefill({ ...call, state: before }, drawn)
      return { out, state: await taken(keeper, state) }
    })
  }

  async backward<T extends Tensor>(call: BackwardCall<T>): Promise<Gradients<T>> {
    const { state } = Object(call) as BackwardCall<T>
    if (state === undefined) return this.#wide.backward(call)
    const { drawn } = this.#wide
    // Its arrays are the caller's again before the state is f32.
    const own = ownCall({ ...call, state: undefined })
    return this.#within(this.#keeper, drawn, state, 'backward', (before) =>
      this.#wide.backward({ ...own, state: before }, drawn),
    )
  }

  /** What a call gives that goes on from a state, which is f32 while it runs. */
  async #within<R>(
    keeper: HalfKeeper,
    drawn: Drawn,
    from: AttentionState,
    member: 'prefill' | 'backward',
    run: (before: AttentionState) => Promise<R>,
  ): Promise<R> {
    const { contents } = ownState(this.#program, HalfState, keeper, from, member)
    const before = await this.#wide.restore(restored(await contents, keeper.scales), drawn)
    try {
      return await run(before)
    } finally {
      before.destroy()
    }
  }

  /** The state is that before the call where this is refused. */
  async step<T extends Tensor>(state: AttentionState, call: StepCall<T>): Promise<T> {
    const keeper = this.#keeper
    const own = ownState(this.#program, HalfState, keeper, state, 'step')
    const running = this.#run(keeper, this.#wide.drawn, own.contents, call)
    own.follow(running.then(({ next }) => next))
    return (await running).out
  }

  /** @param drawn at the time of the call, for the contents may take until another one is in use */
  async #run<T extends Tensor>(
    { scales }: HalfKeeper,
    drawn: Drawn,
    contents: Promise<Stored>,
    call: StepCall<T>,
  ) {
    const wide = await this.#wide.restore(restored(await contents, scales), drawn)
    try {
      const out = await this.#wide.step(wide, call, drawn)
      return { out, next: stored(await wide.save(), scales) }
    } finally {
      wide.destroy()
    }
  }

  async restore(saved: SavedState): Promise<AttentionState> {
    const keeper = this.#keeper
    return taken(keeper, await this.#wide.restore(saved))
  }
}

/** A state of f32 as one of f16, which takes its place. */
async function taken(keeper: HalfKeeper, wide: AttentionState): Promise<HalfState> {
  try {
    const saved = await wide.save()
    const contents = stored(saved, keeper.scales)
    return new HalfState(keeper, saved, wide.positions, Promise.resolve(contents))
  } finally {
    wide.destroy()
  }
}

function scalesOf(program: Program): ScalesByName {
  if (program.forms.step === undefined) return new Map()
  const ofOneGroup = stateTensors(program, { batch: 1, heads: 1, kvHeads: 1, capacity: 1 })
  return new Map(
    ofOneGroup.map(({ name, size, scales }) => [
      name,
      scales && { each: size, from: size - program.features },
    ]),
  )
}
