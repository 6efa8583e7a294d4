/** Gradients on the processor. Loaded with the first call that asks for them. */
import { arraysOf, hostCall } from '../../arguments/on-host.ts'
import { seesState } from '../../arguments/rows-behind.ts'
import type { BackwardCall, Gradients, Tensor } from '../../attention.ts'
import type { Drawn, PrepareBackward } from '../../base-attention.ts'
import { rowsBehind } from '../../calls/behind.ts'
import { GradientPrograms, namedGradients } from '../../calls/gradients.ts'
import { gradientsBehindRows } from '../../calls/kept-rows.ts'
import { ownCall, released } from '../../calls/own-call.ts'
import { ownState } from '../../calls/prefix.ts'
import type { KeptState } from '../../calls/state.ts'
import type { GradientProgram } from '../../program.ts'
import type { Block } from './blocks.ts'
import type { Engine } from './engine.ts'
import type { Kernels } from './kernels.ts'
import type { Parts } from './parts.ts'
import { StateBlocks } from './state-blocks.ts'

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

  /** @param held whether the call's state is a copy, to be released */
  async run<T extends Tensor>(drawn: Drawn, call: BackwardCall<T>, held = false): Promise<Gradients<T>> {
    const { own, run } = this.#owner
    own.assertUsable()
    if (seesState(call)) return this.#behind(drawn, call, held)
    const ready = this.#programs.ready(call)
    const { opened, checked, wrt } = ready instanceof Promise ? await ready : ready
    own.assertUsable()
    const inputs = hostCall(opened.program, 'wasm', 'backward', checked)
    this.#write(drawn)
    const outputs: ReadonlyMap<string, Tensor> = await run('backward', drawn, inputs, opened.engine)
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
      if (held || copies) released(call)
    }
  }

  #write(drawn: Drawn): void {
    if (drawn.projection === undefined || this.#written === drawn) return
    this.#owner.engine.setConstant('projection', drawn.projection)
    this.#written = drawn
  }
}
