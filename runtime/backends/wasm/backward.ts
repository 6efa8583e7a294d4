/** Gradients on the processor. Loaded with the first call that asks for them. */
import { hostCall } from '../../arguments/on-host.ts'
import type { BackwardCall, Gradients, Tensor } from '../../attention.ts'
import type { Drawn, PrepareBackward } from '../../base-attention.ts'
import { GradientPrograms, namedGradients } from '../../calls/gradients.ts'
import type { GradientProgram } from '../../program.ts'
import type { Engine } from './engine.ts'
import type { Kernels } from './kernels.ts'
import type { Parts } from './parts.ts'

/** A program of gradients, and what runs it. */
interface Opened {
  readonly program: GradientProgram
  readonly engine: Engine
}

export class Backward {
  readonly #owner: Parts
  /** Each with kernels of its own, and the same projection and weights. */
  readonly #programs: GradientPrograms<Opened>
  /** What the matrix in memory is of: `forward` may have another form of the projection. */
  #written: Drawn | undefined

  constructor(owner: Parts, kernelsOf: (program: GradientProgram) => Promise<Kernels>) {
    this.#owner = owner
    this.#programs = new GradientPrograms(owner.program, owner.weights, async (program) => ({
      program,
      engine: owner.engine.beside(program, await kernelsOf(program)),
    }))
  }

  /** @throws AttentionError `form` where the program has no gradients */
  prepare(options?: PrepareBackward): Promise<void> {
    return this.#programs.prepare(options)
  }

  async run<T extends Tensor>(drawn: Drawn, call: BackwardCall<T>): Promise<Gradients<T>> {
    const { own, run } = this.#owner
    own.assertUsable()
    const ready = this.#programs.ready(call)
    const { opened, checked, wrt } = ready instanceof Promise ? await ready : ready
    own.assertUsable()
    const inputs = hostCall(opened.program, 'wasm', 'backward', checked)
    this.#write(drawn)
    const outputs: ReadonlyMap<string, Tensor> = await run('backward', drawn, inputs, opened.engine)
    return namedGradients(outputs as ReadonlyMap<string, T>, wrt)
  }

  #write(drawn: Drawn): void {
    if (drawn.projection === undefined || this.#written === drawn) return
    this.#owner.engine.setConstant('projection', drawn.projection)
    this.#written = drawn
  }
}
