/** Gradients on a WebGPU device. Loaded with the first call that asks for them. */
import { checkEncodeBackward, wrtOf } from '../../arguments/gradients.ts'
import { seesState } from '../../arguments/rows-behind.ts'
import type { BackwardCall, EncodeBackwardBuffers, Gradients, Sizes, Tensor } from '../../attention.ts'
import type { Drawn, PrepareBackward } from '../../base-attention.ts'
import { rowsBehind } from '../../calls/behind.ts'
import { GradientPrograms, namedGradients } from '../../calls/gradients.ts'
import { gradientsBehindRows } from '../../calls/kept-rows.ts'
import { ownCall, released } from '../../calls/own-call.ts'
import { ownState } from '../../calls/prefix.ts'
import type { KeptState } from '../../calls/state.ts'
import { AttentionError } from '../../errors.ts'
import { Engine } from './engine.ts'
import type { Parts } from './parts.ts'
import { requireBuffers, requireEncoder } from './recording.ts'
import { StateBuffers } from './state-buffers.ts'

export class Backward {
  readonly #owner: Parts
  /** Each with kernels of its own, and the same projection and weights. */
  readonly #programs: GradientPrograms<Engine>
  /** What the matrix on the device is of: `forward` may have another form of the projection. */
  #written: Drawn | undefined

  constructor(owner: Parts) {
    const { program, session, engine, weights } = owner
    this.#owner = owner
    this.#programs = new GradientPrograms(program, weights, async (gradients) => {
      session.assertUsable()
      const own = new Engine(gradients, session, engine)
      await own.prepare('backward')
      session.assertUsable()
      return own
    })
  }

  /** @throws AttentionError `form` where the program has no gradients */
  async prepare(options?: PrepareBackward): Promise<void> {
    this.#owner.session.assertUsable()
    await this.#programs.prepare(options)
  }

  /** @param held whether the call's state is a copy, to be released */
  async run<T extends Tensor>(drawn: Drawn, call: BackwardCall<T>, held = false): Promise<Gradients<T>> {
    const { session, run } = this.#owner
    session.assertUsable()
    if (seesState(call)) return this.#behind(drawn, call, held)
    const ready = this.#programs.ready(call)
    const { opened, checked, wrt } = ready instanceof Promise ? await ready : ready
    this.#write(drawn)
    const outputs = await run('backward', drawn, checked, opened)
    return namedGradients(outputs as ReadonlyMap<string, T>, wrt)
  }

  /** The same of rows behind those of a state. */
  async #behind<T extends Tensor>(
    drawn: Drawn,
    given: BackwardCall<T>,
    held: boolean,
  ): Promise<Gradients<T>> {
    const { program, session, engine: own, run } = this.#owner
    const loading = program.features === 0 ? undefined : this.#programs.behind()
    const copies = !held && (loading === undefined || loading instanceof Promise)
    const call = copies ? ownCall(given) : given
    try {
      if (loading === undefined)
        return await gradientsBehindRows(
          program,
          drawn,
          call,
          (state) => ownState<GPUBuffer>(program, drawn, state, 'backward'),
          (one) => this.run(drawn, one),
        )
      const engine = loading instanceof Promise ? await loading : loading
      session.assertUsable()
      const { checked, state, positions, later, named } = rowsBehind<KeptState<GPUBuffer>>(
        program,
        engine.form('backward'),
        drawn,
        call,
        (given) => ownState(program, drawn, given, 'backward'),
      )
      const states = new StateBuffers(program, drawn, session, own)
      const empty = state ? undefined : states.create({ ...checked.sizes, capacity: 1 })
      try {
        this.#write(drawn)
        const tensors = new Map([...checked.tensors, ...later, ...(state?.buffers ?? empty ?? [])])
        return named(await run('backward', drawn, { ...checked, positions, tensors }, engine))
      } finally {
        for (const buffer of empty?.values() ?? []) states.freeState(buffer)
      }
    } finally {
      if (held || copies) released(call)
    }
  }

  encode(drawn: Drawn, encoder: GPUCommandEncoder, buffers: EncodeBackwardBuffers, sizes: Sizes): void {
    const { program, session } = this.#owner
    session.assertUsable()
    const where = `${program.name}.encodeBackward`
    requireEncoder(where, encoder)
    const checked = checkEncodeBackward(program, buffers, sizes, this.#programs.parameters)
    const wrt = wrtOf(buffers)
    const engine = this.#programs.now(wrt.length > 0)
    if (!engine)
      throw new AttentionError(
        'unprepared',
        `${where}: await prepareBackward(${wrt.length > 0 ? `{ wrt: ['${wrt.join("', '")}'] }` : ''}) first.`,
      )
    requireBuffers(where, checked, engine.form('backward'))
    const inputs = wrt.length > 0 ? this.#programs.withRoom(checked) : checked
    this.#write(drawn)
    engine.encode(encoder, 'backward', inputs)
  }

  #write(drawn: Drawn): void {
    if (drawn.projection === undefined || this.#written === drawn) return
    this.#owner.engine.setConstant('projection', drawn.projection)
    this.#written = drawn
  }

  destroy(): void {
    for (const engine of this.#programs.opened) engine.destroy()
  }
}
