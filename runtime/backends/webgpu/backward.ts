/** Gradients on a WebGPU device. Loaded with the first call that asks for them, or that keeps something for them. */
import { checkEncodeBackward, wrtOf } from '../../arguments/gradients.ts'
import type { EncodeBackwardBuffers, KeptOutput, Sizes, Tensor } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { BackwardCalls } from '../../calls/backward.ts'
import type { Outputs } from '../../calls/backward.ts'
import { BufferState, reading } from '../../calls/buffer-state.ts'
import type { Opened, Ready } from '../../calls/gradients.ts'
import type { Piece } from '../../calls/piece.ts'
import { AttentionError } from '../../errors.ts'
import type { FormName } from '../../program.ts'
import { Engine } from './engine.ts'
import { after, before } from './kept.ts'
import type { Parts, Run } from './parts.ts'
import { readsLengths, requireBuffers, requireEncoder } from './recording.ts'
import { StateBuffers } from './state-buffers.ts'

export class Backward extends BackwardCalls<Engine, BufferState<GPUBuffer>> {
  protected readonly states = BufferState<GPUBuffer>
  readonly #owner: Parts

  constructor(owner: Parts) {
    const { session, engine } = owner
    super(owner, async (gradients) => {
      session.assertUsable()
      const own = new Engine(gradients, session, engine)
      await own.prepare(...(Object.keys(gradients.forms) as FormName[]))
      session.assertUsable()
      return own
    })
    this.#owner = owner
  }

  protected assertUsable(): void {
    this.#owner.session.assertUsable()
  }

  protected gradients(drawn: Drawn, { opened, checked, of }: Ready<Engine>, kept: unknown): Promise<Outputs> {
    const work = after(`${this.#owner.program.name}.backward`, opened, checked, of, kept)
    return this.#run(work.form, drawn, work.inputs, work.engine)
  }

  protected gradientsBehind(
    drawn: Drawn,
    { engine }: Opened<Engine>,
    { program, checked, state, positions, later }: Piece<BufferState<GPUBuffer>>,
  ): Promise<Outputs> {
    const { session, engine: own } = this.#owner
    const states = new StateBuffers(program, drawn, session, own)
    return reading(state, states, checked.sizes, (buffers) => {
      const tensors = new Map([...checked.tensors, ...later, ...buffers])
      return this.#run('backward', drawn, { ...checked, positions, tensors }, engine)
    })
  }

  protected keep(drawn: Drawn, { opened, checked, of }: Ready<Engine>): Promise<KeptOutput<Tensor>> {
    return this.#owner.session.run(async () => {
      const { kept, form, engine, inputs } = before(this.#owner, opened, checked, of)
      try {
        const outputs = await this.#run(form, drawn, inputs, engine)
        return { out: outputs.get('out') as Tensor, kept }
      } catch (thrown) {
        // The caller has nothing to destroy.
        kept.destroy()
        throw thrown
      }
    })
  }

  encode(drawn: Drawn, encoder: GPUCommandEncoder, buffers: EncodeBackwardBuffers, sizes: Sizes): void {
    const { program } = this.#owner
    this.assertUsable()
    const where = `${program.name}.encodeBackward`
    requireEncoder(where, encoder)
    const checked = checkEncodeBackward(program, buffers, sizes, this.programs.parameters)
    const wrt = wrtOf(buffers)
    const opened = this.#opened(where, wrt)
    requireBuffers(where, checked, opened.engine.form('backward'))
    const inputs = wrt.length > 0 ? this.programs.withRoom(checked) : checked
    const of = this.programs.of(drawn, wrt.length > 0, checked)
    const work = after(where, opened, inputs, of, buffers.kept)
    this.write(drawn)
    work.engine.encode(encoder, work.form, work.inputs)
  }

  #opened(where: string, wrt: readonly string[]): Opened<Engine> {
    const opened = this.programs.now(wrt.length > 0)
    if (opened) return opened
    throw new AttentionError(
      'unprepared',
      `${where}: await prepareBackward(${wrt.length > 0 ? `{ wrt: ['${wrt.join("', '")}'] }` : ''}) first.`,
    )
  }

  /** Of a call that is refused nothing is written: forward has the matrix that was drawn since. */
  readonly #run: Run = (form, drawn, inputs, engine = this.#owner.engine) => {
    if (inputs.lengths === undefined || readsLengths(engine.form(form))) this.write(drawn)
    return this.#owner.run(form, drawn, inputs, engine)
  }

  destroy(): void {
    for (const { engine } of this.programs.opened) engine.destroy()
  }
}
