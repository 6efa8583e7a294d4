/** Gradients on gpu.js. Loaded with the first call that asks for them. */
import { hostCall } from '../../arguments/on-host.ts'
import type { BackwardCall, Gradients, Tensor } from '../../attention.ts'
import type { Drawn, PrepareBackward } from '../../base-attention.ts'
import { GradientPrograms, namedGradients } from '../../calls/gradients.ts'
import type { FormName, GradientProgram, Program } from '../../program.ts'
import { Engine } from './engine.ts'
import type { Results } from './form-runner.ts'
import type { Inputs } from './inputs.ts'
import type { Session } from './session.ts'

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

  async run<T extends Tensor>(drawn: Drawn, call: BackwardCall<T>): Promise<Gradients<T>> {
    const { session, run } = this.#owner
    session.assertUsable()
    const ready = this.#programs.ready(call)
    const { opened, checked, wrt } = ready instanceof Promise ? await ready : ready
    session.assertUsable()
    const inputs = hostCall(opened.program, 'gpujs', 'backward', checked)
    const { outputs } = run('backward', drawn, inputs, opened.engine)
    return namedGradients<Tensor>(await outputs, wrt) as Gradients<T>
  }

  destroy(): void {
    for (const { engine } of this.#programs.opened) engine.destroy()
  }
}
