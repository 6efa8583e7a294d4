/** Gradients on the processor. Loaded with the first call that asks for them. */
import { checkBackward } from '../../arguments/gradients.ts'
import { hostCall } from '../../arguments/on-host.ts'
import type { BackwardCall, Gradients, Tensor } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { gradientsOf, namedGradients } from '../../calls/gradients.ts'
import type { GradientProgram } from '../../program.ts'
import type { Engine } from './engine.ts'
import type { Kernels } from './kernels.ts'
import type { Parts } from './parts.ts'

export class Backward {
  readonly #owner: Parts
  readonly #program: GradientProgram
  readonly #engine: Engine
  /** What the matrix in memory is of: `forward` may have another form of the projection. */
  #written: Drawn | undefined

  private constructor(owner: Parts, program: GradientProgram, engine: Engine) {
    this.#owner = owner
    this.#program = program
    this.#engine = engine
  }

  /**
   * With kernels of its own, and the same projection and weights.
   *
   * @throws AttentionError `form` where the program has no gradients
   */
  static async open(
    owner: Parts,
    kernelsOf: (program: GradientProgram) => Promise<Kernels>,
  ): Promise<Backward> {
    const program = await gradientsOf(owner.program)
    return new Backward(owner, program, owner.engine.beside(program, await kernelsOf(program)))
  }

  async run<T extends Tensor>(drawn: Drawn, call: BackwardCall<T>): Promise<Gradients<T>> {
    const { program, own, run } = this.#owner
    own.assertUsable()
    const inputs = hostCall(this.#program, 'wasm', 'backward', checkBackward(program, call))
    this.#write(drawn)
    const outputs: ReadonlyMap<string, Tensor> = await run('backward', drawn, inputs, this.#engine)
    return namedGradients(outputs as ReadonlyMap<string, T>)
  }

  #write(drawn: Drawn): void {
    if (drawn.projection === undefined || this.#written === drawn) return
    this.#owner.engine.setConstant('projection', drawn.projection)
    this.#written = drawn
  }
}
