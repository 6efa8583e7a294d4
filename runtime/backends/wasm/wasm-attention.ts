/** An attention on WebAssembly: on the cores of the processor. */
import { checkCall } from '../../arguments/call.ts'
import { present } from '../../arguments/form.ts'
import { hostCall } from '../../arguments/on-host.ts'
import type {
  AttentionState,
  BackwardCall,
  ForwardCall,
  SavedState,
  StepCall,
  Tensor,
} from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import type * as GradientCalls from '../../calls/gradients.ts'
import { ownCall } from '../../calls/own-call.ts'
import { PartialAttention } from '../../partial-attention.ts'
import type { Assembled, GradientProgram, Program, WasmVariant } from '../../program.ts'
import type { Opening } from '../../projection/lazy.ts'
import { OwnBlocks } from './blocks.ts'
import type { Decoding } from './decoding.ts'
import { cores, deviceName, mostThreads } from './device.ts'
import { Engine } from './engine.ts'
import type { FormName, Inputs, Outputs } from './engine.ts'
import { compileKernels } from './kernels.ts'
import type { Kernels } from './kernels.ts'
import { leaveMachine, takeMachine } from './machine.ts'
import type { Machine } from './machine.ts'
import { fittingVariant } from './variant.ts'

/** What computes gradients, once it is loaded. */
interface Gradients {
  readonly program: GradientProgram
  readonly engine: Engine
  readonly calls: typeof GradientCalls
}

export class WasmAttention extends PartialAttention {
  readonly #machine: Machine
  readonly #variant: WasmVariant
  readonly #own: OwnBlocks
  readonly #engine: Engine
  readonly #threads: number
  #decoding: Decoding | undefined
  #gradients: Gradients | undefined

  private constructor(
    program: Program,
    machine: Machine,
    own: OwnBlocks,
    kernels: Kernels,
    options: Opening,
  ) {
    const { threads = Infinity } = options
    super(program, 'wasm', deviceName(kernels.variant, Math.min(threads, mostThreads())), options)
    this.#machine = machine
    this.#variant = kernels.variant
    this.#own = own
    this.#threads = Math.min(threads, cores())
    this.#engine = new Engine(program, machine, own, kernels, this.#threads)
    this.#writeProjection(this.drawn)
    const { weights = {} } = options
    for (const { name, otherwise } of program.weights) {
      const weight = weights[name] ?? (otherwise && weights[otherwise])
      if (weight !== undefined) this.#engine.setConstant(name, weight)
    }
  }

  /** @throws AttentionError `no-wasm`, `kernel`, `out-of-memory` */
  static async open(program: Program, options: Opening): Promise<WasmAttention> {
    // Where there is no WebAssembly there is no machine, either.
    const variant = await fittingVariant()
    const machine = takeMachine()
    const own = new OwnBlocks(program.name, machine)
    try {
      const assembled = present(program.assembled, 'kernels for WebAssembly')
      const kernels = await kernelsFor(machine, own, program.name, assembled, variant)
      return new WasmAttention(program, machine, own, kernels, options)
    } catch (thrown) {
      own.freeAll()
      leaveMachine(machine)
      throw thrown
    }
  }

  override redraw(seed: number): void {
    this.#own.assertUsable()
    super.redraw(seed)
    this.#writeProjection(this.drawn)
  }

  #writeProjection({ projection, seed }: Drawn): void {
    if (projection === undefined) return
    const constants = this.drawing?.constantsOf?.(this.program, projection, seed) ?? [
      ['projection', projection],
    ]
    for (const [name, data] of constants) this.#engine.setConstant(name, data)
    // Gradients have no transforms.
    if (this.#gradients) this.#engine.setConstant('projection', projection)
  }

  async forward<T extends Tensor>(call: ForwardCall<T>): Promise<T> {
    this.#own.assertUsable()
    const checked = checkCall(this.program, 'forward', call)
    const inputs = hostCall(this.program, 'wasm', 'forward', checked)
    return (await this.#run('forward', this.drawn, inputs)).get('out') as Tensor as T
  }

  async prefill<T extends Tensor>(call: ForwardCall<T>): Promise<{ out: T; state: AttentionState }> {
    this.#own.assertUsable()
    const { drawn } = this
    const given = this.#decoding ? call : ownCall(call)
    const { inputs, state } = (this.#decoding ?? (await this.#loadDecoding())).prefix(drawn, given)
    try {
      return { out: (await this.#run('prefill', drawn, inputs)).get('out') as Tensor as T, state }
    } catch (thrown) {
      // The caller has no state to destroy.
      state.destroy()
      throw thrown
    }
  }

  async step<T extends Tensor>(given: AttentionState, call: StepCall<T>): Promise<T> {
    this.#own.assertUsable()
    // Whoever has a state of it has loaded it: this is taken at once.
    const decoding = this.#decoding ?? (await this.#loadDecoding())
    const { inputs, state } = decoding.token(this.drawn, given, call)
    try {
      return (await this.#run('step', this.drawn, inputs)).get('out') as Tensor as T
    } catch (thrown) {
      // What went wrong may be half done, or not at all.
      state.destroy()
      throw thrown
    }
  }

  async restore(saved: SavedState): Promise<AttentionState> {
    this.#own.assertUsable()
    const { drawn } = this
    const given = this.#decoding ? saved : ownCall(saved)
    return (this.#decoding ?? (await this.#loadDecoding())).restore(drawn, given)
  }

  async #loadDecoding(): Promise<Decoding> {
    const { assembledLater } = this.program
    const [{ Decoding }, kernels] = await Promise.all([
      import('./decoding.ts'),
      assembledLater && kernelsFor(this.#machine, this.#own, this.name, assembledLater, this.#variant),
    ])
    this.#own.assertUsable()
    if (this.#decoding) return this.#decoding
    if (kernels) this.#engine.addKernels(kernels)
    return (this.#decoding = new Decoding(this.program, this.#machine, this.#own))
  }

  override async backward<T extends Tensor>(call: BackwardCall<T>): Promise<{ dq: T; dk: T; dv: T }> {
    this.#own.assertUsable()
    const { drawn } = this
    const ready = this.#gradients
    const given = ready ? call : ownCall(call)
    const { engine, calls, program } = ready ?? (await this.#loadGradients())
    const inputs = hostCall(program, 'wasm', 'backward', calls.checkBackward(this.program, given))
    const outputs = await this.#run('backward', drawn, inputs, engine)
    return calls.namedGradients<Tensor>(outputs) as { dq: T; dk: T; dv: T }
  }

  /** With kernels of their own, and the same projection and weights. */
  async #loadGradients(): Promise<Gradients> {
    const calls = await import('../../calls/gradients.ts')
    const program = await calls.gradientsOf(this.program)
    const assembled = present(program.assembled, 'kernels for WebAssembly')
    const kernels = await kernelsFor(this.#machine, this.#own, this.name, assembled, this.#variant)
    const engine = new Engine(program, this.#machine, this.#own, kernels, this.#threads, this.#engine)
    this.#gradients ??= { engine, calls, program }
    this.#writeProjection(this.drawn)
    return this.#gradients
  }

  destroy(): void {
    if (this.#own.ended) return
    this.#own.freeAll()
    leaveMachine(this.#machine)
  }

  /** Without an await before what is given has been read. */
  async #run(form: FormName, drawn: Drawn, inputs: Inputs, engine = this.#engine): Promise<Outputs> {
    // Drawn anew while decoding was loaded for the call.
    const anew = drawn !== this.drawn
    if (anew) this.#writeProjection(drawn)
    const pending = engine.run(form, inputs)
    if (anew) this.#writeProjection(this.drawn)
    const out = await pending
    this.#own.assertUsable()
    return out
  }
}

async function kernelsFor(
  machine: Machine,
  own: OwnBlocks,
  name: string,
  assembled: Assembled,
  variant: WasmVariant,
): Promise<Kernels> {
  const compiled = await compileKernels(name, assembled, variant, machine.shared)
  // Nobody would give back what an attention gets that has been destroyed.
  own.assertUsable()
  return machine.kernelsOf(compiled, own)
}
