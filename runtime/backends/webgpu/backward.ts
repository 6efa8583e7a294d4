/** Gradients on a WebGPU device. Loaded with the first call that asks for them. */
import { checkBackward, checkEncodeBackward } from '../../arguments/gradients.ts'
import type { BackwardCall, EncodeBackwardBuffers, Gradients, Sizes, Tensor } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { gradientsOf, namedGradients } from '../../calls/gradients.ts'
import { Engine } from './engine.ts'
import type { Parts } from './parts.ts'
import { requireBuffers, requireEncoder } from './recording.ts'

export class Backward {
  readonly #owner: Parts
  readonly #engine: Engine
  /** What the matrix on the device is of: `forward` may have another form of the projection. */
  #written: Drawn | undefined

  private constructor(owner: Parts, engine: Engine) {
    this.#owner = owner
    this.#engine = engine
  }

  /**
   * With kernels of its own, and the same projection and weights.
   *
   * @throws AttentionError `form` where the program has no gradients
   */
  static async open(owner: Parts): Promise<Backward> {
    const { program, session, engine } = owner
    session.assertUsable()
    const own = new Engine(await gradientsOf(program), session, engine)
    await own.prepare('backward')
    session.assertUsable()
    return new Backward(owner, own)
  }

  async run<T extends Tensor>(drawn: Drawn, call: BackwardCall<T>): Promise<Gradients<T>> {
    const { program, session, run } = this.#owner
    session.assertUsable()
    const inputs = checkBackward(program, call)
    this.#write(drawn)
    const outputs = await run('backward', drawn, inputs, this.#engine)
    return namedGradients(outputs as ReadonlyMap<string, T>)
  }

  encode(drawn: Drawn, encoder: GPUCommandEncoder, buffers: EncodeBackwardBuffers, sizes: Sizes): void {
    const { program, session } = this.#owner
    session.assertUsable()
    const where = `${program.name}.encodeBackward`
    requireEncoder(where, encoder)
    const inputs = checkEncodeBackward(program, buffers, sizes)
    requireBuffers(where, inputs)
    this.#write(drawn)
    this.#engine.encode(encoder, 'backward', inputs)
  }

  #write(drawn: Drawn): void {
    if (drawn.projection === undefined || this.#written === drawn) return
    this.#owner.engine.setConstant('projection', drawn.projection)
    this.#written = drawn
  }

  destroy(): void {
    this.#engine.destroy()
  }
}
