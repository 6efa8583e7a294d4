/** Gradients, whichever backend computes them. Loaded with the first call that asks for them, or that keeps something for them. */
import { seesState } from '../arguments/piece.ts'
import { requireForm } from '../arguments/required-form.ts'
import type { BackwardCall, Gradients, KeptOutput, Tensor } from '../attention.ts'
import type { Drawn, PrepareBackward } from '../base-attention.ts'
import type { GradientProgram, Program } from '../program.ts'
import { ownState } from './carried.ts'
import { GradientPrograms, namedGradients } from './gradients.ts'
import type { Opened, Ready } from './gradients.ts'
import { Loaded } from './loaded.ts'
import { withOwn } from './own-call.ts'
import type { Piece, StateBefore } from './piece.ts'

/** The attention, as far as its gradients need it. */
export interface GradientOwner {
  readonly program: Program
  /** How many numbers the weights have that were given, by name. */
  readonly weights: Readonly<Record<string, number>>
  /** Of whom the projection and the weights are. */
  readonly engine: { setConstant(name: string, data: Float32Array): void }
  /** The program with all of its forms; the attention then has them, too. */
  readonly whole: () => Promise<Program>
}

/** Results by the names of their buffers. */
export type Outputs = ReadonlyMap<string, Tensor>

/** What makes them run on a backend. */
export abstract class BackwardCalls<Engine, State extends StateBefore> {
  protected readonly programs: GradientPrograms<Engine>
  readonly #owner: GradientOwner
  readonly #behind: Loaded<Awaited<ReturnType<typeof loadBehind<Engine>>>>
  /** What the matrix among the constants is of: `forward` may have another form of the projection. */
  #written: Drawn | undefined

  /** @param open makes a program run, with kernels of its own */
  constructor(owner: GradientOwner, open: (program: GradientProgram) => Promise<Engine>) {
    this.#owner = owner
    this.programs = new GradientPrograms(owner.program, owner.weights, open)
    this.#behind = new Loaded(() => loadBehind(owner, this.programs))
  }

  /** The class of the attention's states. */
  protected abstract readonly states: abstract new (...made: never) => State
  /** @throws AttentionError `destroyed`, `device-lost` */
  protected abstract assertUsable(): void
  /** The gradients of a call, which goes on from what was kept for it where there is something. */
  protected abstract gradients(drawn: Drawn, ready: Ready<Engine>, kept: unknown): Promise<Outputs>
  /** Those of rows behind a state of sums. */
  protected abstract gradientsBehind(
    drawn: Drawn,
    opened: Opened<Engine>,
    piece: Piece<State>,
  ): Promise<Outputs>
  /** The forward pass, and what it keeps. */
  protected abstract keep(drawn: Drawn, ready: Ready<Engine>): Promise<KeptOutput<Tensor>>

  /** @throws AttentionError `form` where the program has no gradients */
  async prepare(options?: PrepareBackward): Promise<void> {
    this.assertUsable()
    const { states, parameters } = this.programs.asked(options)
    // Behind rows that are kept, gradients are those of whole sequences.
    const ofSums = states && this.#owner.program.features > 0
    await Promise.all([
      states ? this.#behind.load() : undefined,
      ofSums && !parameters ? undefined : this.programs.load(parameters),
    ])
  }

  /**
   * Without an await before the call has been read, where what runs it is loaded.
   *
   * @param own whether nobody else changes the call
   */
  async run<T extends Tensor>(drawn: Drawn, call: BackwardCall<T>, own = false): Promise<Gradients<T>> {
    this.assertUsable()
    if ('keep' in Object(call)) return this.#keep(drawn, call) as never
    if (seesState(call)) return this.#ofPiece(drawn, call, own)
    const ready = this.programs.ready(drawn, call)
    const loaded = ready instanceof Promise ? await ready : ready
    this.assertUsable()
    const outputs = await this.gradients(drawn, loaded, call.kept)
    return namedGradients(outputs as ReadonlyMap<string, T>, loaded.wrt)
  }

  async #keep(drawn: Drawn, call: object): Promise<KeptOutput<Tensor>> {
    const ready = this.programs.readyToKeep(drawn, call)
    const loaded = ready instanceof Promise ? await ready : ready
    this.assertUsable()
    return this.keep(drawn, loaded)
  }

  #ofPiece<T extends Tensor>(drawn: Drawn, given: BackwardCall<T>, own: boolean): Promise<Gradients<T>> {
    const stateOf = (state: unknown): State =>
      ownState(this.#owner.program, this.states, drawn, state, 'backward')
    return this.#behind.with(
      given,
      async (behind, call, held) => {
        this.assertUsable()
        const { program, opened } = behind
        if (opened) {
          const piece = behind.pieceOf(program, opened.program.forms.backward, drawn, call, stateOf)
          return piece.named<T>(await this.gradientsBehind(drawn, opened, piece))
        }
        const ofWholes = (one: unknown): Promise<Gradients<T>> =>
          behind.gradientsOfCachedPiece(program, drawn, one, stateOf, (whole) => this.run(drawn, whole))
        return held ? ofWholes(call) : withOwn(call, ofWholes)
      },
      own,
    )
  }

  /** Has kernels of gradients read the projection of a call. */
  protected write(drawn: Drawn): void {
    if (drawn.projection === undefined || this.#written === drawn) return
    this.#owner.engine.setConstant('projection', drawn.projection)
    this.#written = drawn
  }
}

/** What rows behind a state are computed by: where sums are carried, a program of their own. */
async function loadBehind<Engine>({ whole }: GradientOwner, programs: GradientPrograms<Engine>) {
  const program = await whole()
  requireForm(program, 'prefill')
  if (program.features === 0) {
    const { gradientsOfCachedPiece } = await import('./cached-piece.ts')
    return { program, opened: undefined, gradientsOfCachedPiece } as const
  }
  const [{ pieceOf }, opened] = await Promise.all([import('./piece.ts'), programs.behind.load()])
  return { program, opened, pieceOf } as const
}
