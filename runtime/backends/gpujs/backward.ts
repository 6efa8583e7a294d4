/** Gradients on gpu.js. Loaded with the first call that asks for them. */
import type { KeptOutput, Tensor } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { BackwardCalls } from '../../calls/backward.ts'
import type { Outputs } from '../../calls/backward.ts'
import type { Opened, Ready } from '../../calls/gradients.ts'
import { checkKept, KeptForward } from '../../calls/kept.ts'
import type { Piece } from '../../calls/piece.ts'
import { Engine } from './engine.ts'
import type { Inputs } from './inputs.ts'
import type { Owner } from './owner.ts'
import { GpujsState } from './state.ts'
import { free } from './transfers.ts'

export class Backward extends BackwardCalls<Engine, GpujsState> {
  protected readonly states = GpujsState
  readonly #owner: Owner

  constructor(owner: Owner) {
    const { session, engine } = owner
    super(owner, async (gradients) => {
      session.assertUsable()
      return new Engine(gradients, session, engine)
    })
    this.#owner = owner
  }

  protected assertUsable(): void {
    this.#owner.session.assertUsable()
  }

  protected async gradients(
    drawn: Drawn,
    { opened: { program, engine }, checked, of }: Ready<Engine>,
    kept: unknown,
  ): Promise<Outputs> {
    if (kept !== undefined) checkKept(`${program.name}.backward`, kept, of)
    return this.#owner.run('backward', drawn, this.#owner.onHost('backward', checked, program), engine)
      .outputs
  }

  protected async gradientsBehind(
    drawn: Drawn,
    { program, engine }: Opened<Engine>,
    { checked, state, positions, later }: Piece<GpujsState>,
  ): Promise<Outputs> {
    const inputs = this.#owner.onHost('backward', checked, program)
    const tensors = new Map([...inputs.tensors, ...(later as Inputs['tensors'])])
    const call = { ...inputs, tensors, positions, ...(state && { state: state.contents }) }
    const { outputs, state: left } = this.#owner.run('backward', drawn, call, engine)
    // The state is read, and given back as it is.
    if (!state) for (const cells of left.values()) free(cells)
    return outputs
  }

  /** Nothing is kept: each dispatch replaces what is behind the name of its result. */
  protected async keep(drawn: Drawn, { checked, of }: Ready<Engine>): Promise<KeptOutput<Tensor>> {
    const { outputs } = this.#owner.run('forward', drawn, this.#owner.onHost('forward', checked))
    return { out: (await outputs).get('out') as Tensor, kept: new KeptForward(of) }
  }

  destroy(): void {
    for (const { engine } of this.programs.opened) engine.destroy()
  }
}
