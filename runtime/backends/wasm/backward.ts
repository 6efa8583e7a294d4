/** Gradients on the processor. Loaded with the first call that asks for them. */
import { arraysOf, hostCall } from '../../arguments/on-host.ts'
import { seesState } from '../../arguments/rows-behind.ts'
import type { BackwardCall, Gradients, KeepingCall, KeptOutput, Tensor } from '../../attention.ts'
import type { Drawn, PrepareBackward } from '../../base-attention.ts'
import { rowsBehind } from '../../calls/behind.ts'
import { GradientPrograms, namedGradients } from '../../calls/gradients.ts'
import { gradientsBehindRows } from '../../calls/kept-rows.ts'
import { checkKept, keptBuffers, KeptForward } from '../../calls/kept.ts'
import type { OfCall } from '../../calls/kept.ts'
import { ownCall, released } from '../../calls/own-call.ts'
import { ownState } from '../../calls/prefix.ts'
import { wholeCall } from '../../calls/slices.ts'
import type { KeptState } from '../../calls/state.ts'
import type { GradientProgram } from '../../program.ts'
import type { Block } from './blocks.ts'
import type { Engine, Inputs } from './engine.ts'
import type { Kernels } from './kernels.ts'
import { bytesOf, FormPlan } from './launches.ts'
import type { Parts } from './parts.ts'
import { StateBlocks } from './state-blocks.ts'

/** A program of gradients, and what runs it. */
interface Opened {
  readonly program: GradientProgram
  readonly engine: Engine
}

/** A form of an engine, a call of it, and what that will keep. */
interface Before {
  readonly form: 'keep' | 'forward'
  readonly engine: Engine
  readonly inputs: Inputs
  readonly kept: KeptForward<Block>
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

  /** @param held whether the call is a copy, which whoever made it releases */
  async run<T extends Tensor>(drawn: Drawn, call: BackwardCall<T>, held = false): Promise<Gradients<T>> {
    const { own, run } = this.#owner
    own.assertUsable()
    if ('keep' in Object(call)) return this.#keep(drawn, call as never) as never
    if (seesState(call)) return this.#behind(drawn, call, held)
    const ready = this.#programs.ready(drawn, call)
    const { opened, checked, wrt, of } = ready instanceof Promise ? await ready : ready
    own.assertUsable()
    const { program, engine } = opened
    const inputs = hostCall(program, 'wasm', 'backward', checked)
    const where = `${program.name}.backward`
    const kept = call.kept === undefined ? undefined : checkKept<Block>(where, call.kept, of).contents
    this.#write(drawn)
    const outputs: ReadonlyMap<string, Tensor> = await run(
      kept ? 'rest' : 'backward',
      drawn,
      { ...inputs, kept },
      engine,
    )
    return namedGradients(outputs as ReadonlyMap<string, T>, wrt)
  }

  /** The same of rows behind those of a state. */
  async #behind<T extends Tensor>(
    drawn: Drawn,
    given: BackwardCall<T>,
    held: boolean,
  ): Promise<Gradients<T>> {
    const { program: whole, machine, own, run } = this.#owner
    const loading = whole.features === 0 ? undefined : this.#programs.behind()
    const copies = !held && (loading === undefined || loading instanceof Promise)
    const call = copies ? ownCall(given) : given
    try {
      if (loading === undefined)
        return await gradientsBehindRows(
          whole,
          drawn,
          call,
          (state) => ownState<Block>(whole, drawn, state, 'backward'),
          (one) => this.run(drawn, one),
        )
      const { program, engine } = loading instanceof Promise ? await loading : loading
      own.assertUsable()
      const { checked, state, positions, later, named } = rowsBehind<KeptState<Block>>(
        whole,
        program.forms.backward,
        drawn,
        call,
        (given) => ownState(whole, drawn, given, 'backward'),
      )
      const inputs = hostCall(program, 'wasm', 'backward', checked)
      const states = new StateBlocks(whole, machine, own, drawn)
      const empty = state ? undefined : states.create({ ...inputs.sizes, capacity: 1 })
      try {
        this.#write(drawn)
        const outputs = await run(
          'backward',
          drawn,
          {
            ...inputs,
            tensors: new Map([...inputs.tensors, ...arraysOf(later)]),
            positions,
            state: state?.buffers ?? empty ?? new Map<string, Block>(),
          },
          engine,
        )
        return named(outputs)
      } finally {
        for (const block of empty?.values() ?? []) states.freeState(block)
      }
    } finally {
      if (copies) released(call)
    }
  }

  /** The forward pass, and what it keeps. */
  async #keep<T extends Tensor>(drawn: Drawn, call: KeepingCall<T>): Promise<KeptOutput<T>> {
    const { own, run } = this.#owner
    own.assertUsable()
    const ready = this.#programs.readyToKeep(drawn, call)
    const { opened, checked, of } = ready instanceof Promise ? await ready : ready
    own.assertUsable()
    const inputs = hostCall(this.#owner.program, 'wasm', 'forward', checked)
    const { kept, ...work } = this.#before(opened, inputs, of)
    this.#write(drawn)
    try {
      const outputs = await run(work.form, drawn, work.inputs, work.engine)
      return { out: outputs.get('out') as Tensor as T, kept }
    } catch (thrown) {
      // The caller has nothing to destroy.
      kept.destroy()
      throw thrown
    }
  }

  /** The part of gradients that is a forward pass, with blocks for what it keeps; or forward itself, which keeps nothing. */
  #before({ program, engine }: Opened, inputs: Inputs, of: OfCall): Before {
    const { own, machine, engine: whole } = this.#owner
    if (!program.forms.keep) return { form: 'forward', engine: whole, inputs, kept: new KeptForward(of) }
    // As `backward` would be cut by now.
    const plan = new FormPlan(program, program.forms.backward)
    const call = wholeCall(plan.form, inputs.sizes)
    const slices = plan.slices(call, machine.heap.room - bytesOf(plan.own, call) - plan.threadBytes)
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

  #write(drawn: Drawn): void {
    if (drawn.projection === undefined || this.#written === drawn) return
    this.#owner.engine.setConstant('projection', drawn.projection)
    this.#written = drawn
  }
}
