/** Gradients on gpu.js. Loaded with the first call that asks for them. */
import { checkBackward } from '../../arguments/gradients.ts'
import { hostCall } from '../../arguments/on-host.ts'
import type { BackwardCall, Gradients, Tensor } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { gradientsOf, namedGradients } from '../../calls/gradients.ts'
import type { FormName, GradientProgram, Program } from '../../program.ts'
import { Engine } from './engine.ts'
import type { Results } from './form-runner.ts'
import type { Inputs } from './inputs.ts'
import type { Session } from './session.ts'

/** Runs a form of an engine with the projection of a call. */
type Run = (form: FormName, drawn: Drawn, inputs: Inputs, engine: Engine) => Results

export class Backward {
  readonly #program: Program
  readonly #gradients: GradientProgram
  readonly #session: Session
  readonly #engine: Engine
  readonly #run: Run

  private constructor(
    program: Program,
    gradients: GradientProgram,
    session: Session,
    owner: Engine,
    run: Run,
  ) {
    this.#program = program
    this.#gradients = gradients
    this.#session = session
    this.#engine = new Engine(gradients, session, owner)
    this.#run = run
  }

  /**
   * With kernels of its own, and the same projection and weights.
   *
   * @param owner of whom the projection and the weights are
   * @throws AttentionError `form` where the program has no gradients
   */
  static async open(program: Program, session: Session, owner: Engine, run: Run): Promise<Backward> {
    const gradients = await gradientsOf(program)
    session.assertUsable()
    return new Backward(program, gradients, session, owner, run)
  }

  async run<T extends Tensor>(drawn: Drawn, call: BackwardCall<T>): Promise<Gradients<T>> {
    this.#session.assertUsable()
    const inputs = hostCall(this.#gradients, 'gpujs', 'backward', checkBackward(this.#program, call))
    const { outputs } = this.#run('backward', drawn, inputs, this.#engine)
    return namedGradients<Tensor>(await outputs) as Gradients<T>
  }

  destroy(): void {
    this.#engine.destroy()
  }
}
