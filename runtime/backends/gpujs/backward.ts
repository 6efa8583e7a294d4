/** Gradients on gpu.js. Loaded with the first call that asks for them. */
import { arraysOf, hostCall } from '../../arguments/on-host.ts'
import { seesState } from '../../arguments/rows-behind.ts'
import type { BackwardCall, Gradients, KeepingCall, KeptOutput, Tensor } from '../../attention.ts'
import type { Drawn, PrepareBackward } from '../../base-attention.ts'
import { rowsBehind } from '../../calls/behind.ts'
import { GradientPrograms, namedGradients } from '../../calls/gradients.ts'
import { gradientsBehindRows } from '../../calls/kept-rows.ts'
import { checkKept, KeptForward } from '../../calls/kept.ts'
import { ownCall, released } from '../../calls/own-call.ts'
import type { FormName, GradientProgram, Program } from '../../program.ts'
import { Engine } from './engine.ts'
import type { Results } from './form-runner.ts'
import type { Inputs } from './inputs.ts'
import type { Session } from './session.ts'
import { ownCells } from './state.ts'
import type { GpujsState } from './state.ts'
import { free } from './transfers.ts'

/** The attention, as far as its gradients need it. */
interface Owner {
  readonly program: Program
  readonly session: Session
  /** Of whom the projection and the weights are. */
  readonly engine: Engine
  /** How many numbers the weights have that were given, by name. */
  readonly weights: Readonly<Record<string, number>>
  /** Runs a form of an engine with the projection of a call. */
  readonly run: (form: FormName, drawn: Drawn, inputs: Inputs, engine: Engine) => Results
}

/** A program of gradients, and what runs it. */
interface Opened {
  readonly program: GradientProgram
  readonly engine: Engine
}

export class Backward {
  readonly #owner: Owner
  /** Each with kernels of its own, and the same projection and weights. */
  readonly #programs: GradientPrograms<Opened>

  constructor(owner: Owner) {
    const { program, session, engine, weights } = owner
    this.#owner = owner
    this.#programs = new GradientPrograms(program, weights, async (gradients) => {
      session.assertUsable()
      return { program: gradients, engine: new Engine(gradients, session, engine) }
    })
  }

  /** @throws AttentionError `form` where the program has no gradients */
  prepare(options?: PrepareBackward): Promise<void> {
    return this.#programs.prepare(options)
  }

  /** @param held whether the call is a copy, which whoever made it releases */
  async run<T extends Tensor>(drawn: Drawn, call: BackwardCall<T>, held = false): Promise<Gradients<T>> {
    const { session, run } = this.#owner
    session.assertUsable()
    if ('keep' in Object(call)) return this.#keep(drawn, call as never) as never
    if (seesState(call)) return this.#behind(drawn, call, held)
    const ready = this.#programs.ready(drawn, call)
    const { opened, checked, wrt, of } = ready instanceof Promise ? await ready : ready
    session.assertUsable()
    if (call.kept !== undefined) checkKept(`${opened.program.name}.backward`, call.kept, of)
    const inputs = hostCall(opened.program, 'gpujs', 'backward', checked)
    const { outputs } = run('backward', drawn, inputs, opened.engine)
    return namedGradients<Tensor>(await outputs, wrt) as Gradients<T>
  }

  /** The same of rows behind those of a state. */
  async #behind<T extends Tensor>(
    drawn: Drawn,
    given: BackwardCall<T>,
    held: boolean,
  ): Promise<Gradients<T>> {
    const { program, session, run } = this.#owner
    const loading = program.features === 0 ? undefined : this.#programs.behind()
    const copies = !held && (loading === undefined || loading instanceof Promise)
    const call = copies ? ownCall(given) : given
    try {
      if (loading === undefined)
        return await gradientsBehindRows(
          program,
          drawn,
          call,
          (state) => ownCells(program, drawn, state, 'backward'),
          (one) => this.run(drawn, one),
        )
      const opened = loading instanceof Promise ? await loading : loading
      session.assertUsable()
      const { checked, state, positions, later, named } = rowsBehind<GpujsState>(
        program,
        opened.program.forms.backward,
        drawn,
        call,
        (given) => ownCells(program, drawn, given, 'backward'),
      )
      const inputs = hostCall(opened.program, 'gpujs', 'backward', checked)
      const tensors = new Map([...inputs.tensors, ...arraysOf(later)])
      const ofCall = { ...inputs, tensors, positions, ...(state && { state: state.cells }) }
      const { outputs, state: left } = run('backward', drawn, ofCall, opened.engine)
      // The state is read, and given back as it is.
      if (!state) for (const cells of left.values()) free(cells)
      return named<T>(await outputs)
    } finally {
      if (copies) released(call)
    }
  }

  /** The forward pass. Nothing is kept of it: each dispatch replaces what is behind the name of its result. */
  async #keep<T extends Tensor>(drawn: Drawn, call: KeepingCall<T>): Promise<KeptOutput<T>> {
    const { program, session, engine, run } = this.#owner
    session.assertUsable()
    const ready = this.#programs.readyToKeep(drawn, call)
    const { checked, of } = ready instanceof Promise ? await ready : ready
    session.assertUsable()
    const { outputs } = run('forward', drawn, hostCall(program, 'gpujs', 'forward', checked), engine)
    return { out: (await outputs).get('out') as Tensor as T, kept: new KeptForward(of) }
  }

  destroy(): void {
    for (const { engine } of this.#programs.opened) engine.destroy()
  }
}
