/** Gradients on the processor. Loaded with the first call that asks for them. */
import type { KeptOutput, Tensor } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { BackwardCalls } from '../../calls/backward.ts'
import type { Outputs } from '../../calls/backward.ts'
import { BufferState, reading } from '../../calls/buffer-state.ts'
import type { Opened, Ready } from '../../calls/gradients.ts'
import { checkKept, keptBuffers, KeptForward } from '../../calls/kept.ts'
import type { OfCall } from '../../calls/kept.ts'
import type { Piece } from '../../calls/piece.ts'
import { wholeCall } from '../../calls/slices.ts'
import type { GradientProgram } from '../../program.ts'
import type { Block } from './blocks.ts'
import type { Engine, Inputs } from './engine.ts'
import type { Kernels } from './kernels.ts'
import { bytesOf, FormPlan } from './launches.ts'
import type { Parts } from './parts.ts'
import { StateBlocks } from './state-blocks.ts'

/** A form of an engine, a call of it, and what that will keep. */
interface Before {
  readonly form: 'keep' | 'forward'
  readonly engine: Engine
  readonly inputs: Inputs
  readonly kept: KeptForward<Block>
}

export class Backward extends BackwardCalls<Engine, BufferState<Block>> {
  protected readonly states = BufferState<Block>
  readonly #owner: Parts

  constructor(owner: Parts, kernelsOf: (program: GradientProgram) => Promise<Kernels>) {
    super(owner, async (program) => owner.engine.beside(program, await kernelsOf(program)))
    this.#owner = owner
  }

  protected assertUsable(): void {
    this.#owner.own.assertUsable()
  }

  protected async gradients(
    drawn: Drawn,
    { opened: { program, engine }, checked, of }: Ready<Engine>,
    given: unknown,
  ): Promise<Outputs> {
    const inputs = this.#owner.onHost('backward', checked, program)
    const where = `${program.name}.backward`
    const kept = given === undefined ? undefined : checkKept<Block>(where, given, of).contents
    this.write(drawn)
    return this.#owner.run(kept ? 'rest' : 'backward', drawn, { ...inputs, kept }, engine)
  }

  protected async gradientsBehind(
    drawn: Drawn,
    { program, engine }: Opened<Engine>,
    { program: whole, checked, state, positions, later }: Piece<BufferState<Block>>,
  ): Promise<Outputs> {
    const { machine, own, onHost, run } = this.#owner
    const inputs = onHost('backward', checked, program)
    const tensors = new Map([...inputs.tensors, ...(later as Inputs['tensors'])])
    const states = new StateBlocks(whole, machine, own, drawn)
    return reading(state, states, inputs.sizes, (blocks) => {
      this.write(drawn)
      return run('backward', drawn, { ...inputs, tensors, positions, state: blocks }, engine)
    })
  }

  protected async keep(drawn: Drawn, { opened, checked, of }: Ready<Engine>): Promise<KeptOutput<Tensor>> {
    const inputs = this.#owner.onHost('forward', checked)
    const { kept, ...work } = this.#before(opened, inputs, of)
    this.write(drawn)
    try {
      const outputs = await this.#owner.run(work.form, drawn, work.inputs, work.engine)
      return { out: outputs.get('out') as Tensor, kept }
    } catch (thrown) {
      // The caller has nothing to destroy.
      kept.destroy()
      throw thrown
    }
  }

  /** The part of gradients that is a forward pass, with blocks for what it keeps; or forward itself, which keeps nothing. */
  #before({ program, engine }: Opened<Engine>, inputs: Inputs, of: OfCall): Before {
    const { own, machine, engine: whole } = this.#owner
    if (!program.forms.keep) return { form: 'forward', engine: whole, inputs, kept: new KeptForward(of) }
    // As `backward` would be cut by now, beside what is kept.
    const plan = new FormPlan(program, program.forms.backward)
    const call = wholeCall(plan.form, inputs.sizes)
    const taken = bytesOf(plan.own, call) + plan.threadBytes + keptBuffers(program, [call]).bytes
    const slices = plan.slices(call, machine.heap.room - taken)
    const { plans, bytes } = keptBuffers(program, slices)
    const parts: ReadonlyMap<string, Block>[] = []
    const contents = { slices, parts }
    const kept = new KeptForward(of, bytes, contents, (block: Block) => own.free(block))
    try {
      for (const slice of slices)
        parts.push(own.makeAll(plans.map(({ name, size }) => ({ name, size: size(slice) }))))
    } catch (thrown) {
      kept.destroy()
      throw thrown
    }
    return { form: 'keep', engine, inputs: { ...inputs, kept: contents }, kept }
  }
}
