/** Gradients on a WebGPU device. Loaded with the first call that asks for them, or that keeps something for them. */
import { checkEncodeBackward, wrtOf } from '../../arguments/gradients.ts'
import { seesState } from '../../arguments/rows-behind.ts'
import type {
  BackwardCall,
  EncodeBackwardBuffers,
  Gradients,
  KeepingCall,
  KeptOutput,
  Sizes,
  Tensor,
} from '../../attention.ts'
import type { Drawn, PrepareBackward } from '../../base-attention.ts'
import { rowsBehind } from '../../calls/behind.ts'
import { GradientPrograms, namedGradients } from '../../calls/gradients.ts'
import { gradientsBehindRows } from '../../calls/kept-rows.ts'
import { ownCall, released } from '../../calls/own-call.ts'
import { ownState } from '../../calls/prefix.ts'
import type { KeptState } from '../../calls/state.ts'
import { AttentionError } from '../../errors.ts'
import type { FormName } from '../../program.ts'
import { Engine } from './engine.ts'
import { after, before } from './kept.ts'
import type { Opened } from './kept.ts'
import type { Parts, Run } from './parts.ts'
import { readsLengths, requireBuffers, requireEncoder } from './recording.ts'
import { StateBuffers } from './state-buffers.ts'

export class Backward {
  readonly #owner: Parts
  /** Each with kernels of its own, and the same projection and weights. */
  readonly #programs: GradientPrograms<Opened>
  /** What the matrix on the device is of: `forward` may have another form of the projection. */
  #written: Drawn | undefined

  constructor(owner: Parts) {
    const { program, session, engine, weights } = owner
    this.#owner = owner
    this.#programs = new GradientPrograms(program, weights, async (gradients) => {
      session.assertUsable()
      const own = new Engine(gradients, session, engine)
      await own.prepare(...(Object.keys(gradients.forms) as FormName[]))
      session.assertUsable()
      return { program: gradients, engine: own }
    })
  }

  /** @throws AttentionError `form` where the program has no gradients */
  async prepare(options?: PrepareBackward): Promise<void> {
    this.#owner.session.assertUsable()
    await this.#programs.prepare(options)
  }

  /** @param held whether the call's state is a copy, to be released */
  async run<T extends Tensor>(drawn: Drawn, call: BackwardCall<T>, held = false): Promise<Gradients<T>> {
    try {
      return await this.#gradients(drawn, call, held)
    } finally {
      if (held) released(call)
    }
  }

  async #gradients<T extends Tensor>(
    drawn: Drawn,
    call: BackwardCall<T>,
    held: boolean,
  ): Promise<Gradients<T>> {
    const { session } = this.#owner
    session.assertUsable()
    if ('keep' in Object(call)) return this.#keep(drawn, call as never) as never
    if (seesState(call)) return this.#behind(drawn, call, held)
    const ready = this.#programs.ready(drawn, call)
    const { opened, checked, wrt, of } = ready instanceof Promise ? await ready : ready
    const { form, engine, inputs } = after(
      `${this.#owner.program.name}.backward`,
      opened,
      checked,
      of,
      call.kept,
    )
    const outputs = await this.#run(form, drawn, inputs, engine)
    return namedGradients(outputs as ReadonlyMap<string, T>, wrt)
  }

  /** The same of rows behind those of a state. */
  async #behind<T extends Tensor>(
    drawn: Drawn,
    given: BackwardCall<T>,
    held: boolean,
  ): Promise<Gradients<T>> {
    const { program, session, engine: own } = this.#owner
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
      const { engine } = loading instanceof Promise ? await loading : loading
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
        const tensors = new Map([...checked.tensors, ...later, ...(state?.buffers ?? empty ?? [])])
        return named(await this.#run('backward', drawn, { ...checked, positions, tensors }, engine))
      } finally {
        for (const buffer of empty?.values() ?? []) states.freeState(buffer)
      }
    } finally {
      if (copies) released(call)
    }
  }

  /** The forward pass, and what it keeps. */
  async #keep<T extends Tensor>(drawn: Drawn, call: KeepingCall<T>): Promise<KeptOutput<T>> {
    const { session } = this.#owner
    session.assertUsable()
    const ready = this.#programs.readyToKeep(drawn, call)
    const { opened, checked, of } = ready instanceof Promise ? await ready : ready
    return session.run(async () => {
      const { kept, form, engine, inputs } = before(this.#owner, opened, checked, of)
      try {
        const outputs = await this.#run(form, drawn, inputs, engine)
        return { out: outputs.get('out') as T, kept }
      } catch (thrown) {
        // The caller has nothing to destroy.
        kept.destroy()
        throw thrown
      }
    })
  }

  encode(drawn: Drawn, encoder: GPUCommandEncoder, buffers: EncodeBackwardBuffers, sizes: Sizes): void {
    const { program, session } = this.#owner
    session.assertUsable()
    const where = `${program.name}.encodeBackward`
    requireEncoder(where, encoder)
    const checked = checkEncodeBackward(program, buffers, sizes, this.#programs.parameters)
    const wrt = wrtOf(buffers)
    const opened = this.#opened(where, wrt)
    requireBuffers(where, checked, opened.engine.form('backward'))
    const inputs = wrt.length > 0 ? this.#programs.withRoom(checked) : checked
    const of = this.#programs.of(drawn, wrt.length > 0, checked)
    const work = after(where, opened, inputs, of, buffers.kept)
    this.#write(drawn)
    work.engine.encode(encoder, work.form, work.inputs)
  }

  #opened(where: string, wrt: readonly string[]): Opened {
    const opened = this.#programs.now(wrt.length > 0)
    if (opened) return opened
    throw new AttentionError(
      'unprepared',
      `${where}: await prepareBackward(${wrt.length > 0 ? `{ wrt: ['${wrt.join("', '")}'] }` : ''}) first.`,
    )
  }

  /** Of a call that is refused nothing is written: forward has the matrix that was drawn since. */
  readonly #run: Run = (form, drawn, inputs, engine = this.#owner.engine) => {
    if (inputs.lengths === undefined || readsLengths(engine.form(form))) this.#write(drawn)
    return this.#owner.run(form, drawn, inputs, engine)
  }

  #write(drawn: Drawn): void {
    if (drawn.projection === undefined || this.#written === drawn) return
    this.#owner.engine.setConstant('projection', drawn.projection)
    this.#written = drawn
  }

  destroy(): void {
    for (const { engine } of this.#programs.opened) engine.destroy()
  }
}
