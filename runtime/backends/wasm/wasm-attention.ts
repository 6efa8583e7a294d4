/** An attention on WebAssembly: on the cores of the processor. */
import { checkCall } from '../../arguments/call.ts'
import { present } from '../../arguments/form.ts'
import { hostCall } from '../../arguments/on-host.ts'
import type {
  AttentionState,
  BackwardCall,
  ForwardCall,
  Gradients,
  PrefillCall,
  SavedState,
  StepCall,
  Tensor,
} from '../../attention.ts'
import type { Drawn, PrepareBackward } from '../../base-attention.ts'
import { Loaded } from '../../calls/loaded.ts'
import { ownCall, withOwn } from '../../calls/own-call.ts'
import { PartialAttention } from '../../partial-attention.ts'
import type { Assembled, Program, WasmVariant } from '../../program.ts'
import type { Opening } from '../../projection/lazy.ts'
import type { Backward } from './backward.ts'
import { OwnBlocks } from './blocks.ts'
import type { Decoding } from './decoding.ts'
import { cores, deviceName, mostThreads } from './device.ts'
import { Engine } from './engine.ts'
import { compileKernels } from './kernels.ts'
import type { Kernels } from './kernels.ts'
import { leaveMachine, takeMachine } from './machine.ts'
import type { Machine } from './machine.ts'
import type { Parts, Run } from './parts.ts'
import { fittingVariant } from './variant.ts'

export class WasmAttention extends PartialAttention {
  readonly #machine: Machine
  readonly #variant: WasmVariant
  readonly #own: OwnBlocks
  readonly #engine: Engine
  #decoding: Decoding | undefined
  readonly #backward = new Loaded<Backward>()

  private constructor(
    program: Program,
    machine: Machine,
    own: OwnBlocks,
    kernels: Kernels,
    options: Opening,
  ) {
    const { threads = Infinity, checkWeights } = options
    super(program, 'wasm', deviceName(kernels.variant, Math.min(threads, mostThreads())), options)
    this.#machine = machine
    this.#variant = kernels.variant
    this.#own = own
    this.#engine = new Engine(program, machine, own, kernels, {
      threads: Math.min(threads, cores()),
      checkWeights,
    })
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
  }

  protected async pass<T extends Tensor>(call: ForwardCall<T>, drawn: Drawn): Promise<T> {
    const turned = this.turned<T>('forward', call, drawn)
    if (turned) return turned
    this.#own.assertUsable()
    const checked = checkCall(this.program, 'forward', call)
    const inputs = hostCall(this.program, 'wasm', 'forward', checked)
    return (await this.#run('forward', drawn, inputs)).get('out') as Tensor as T
  }

  async prefill<T extends Tensor>(
    call: PrefillCall<T>,
    drawn = this.drawn,
  ): Promise<{ out: T; state: AttentionState }> {
    const turned = this.turned<{ out: T; state: AttentionState }>('prefill', call, drawn)
    if (turned) return turned
    if (this.#decoding) return this.#decoding.prefill(drawn, call)
    return withOwn(call, async (own) => (await this.#loadDecoding()).prefill(drawn, own))
  }

  async step<T extends Tensor>(given: AttentionState, call: StepCall<T>, drawn = this.drawn): Promise<T> {
    // Whoever has a state of it has loaded it: this is taken at once.
    return (this.#decoding ?? (await this.#loadDecoding())).step(drawn, given, call)
  }

  async restore(saved: SavedState, drawn = this.drawn): Promise<AttentionState> {
    const given = this.#decoding ? saved : ownCall(saved)
    return (this.#decoding ?? (await this.#loadDecoding())).restore(drawn, given)
  }

  async #loadDecoding(): Promise<Decoding> {
    this.#own.assertUsable()
    const { assembledLater } = this.program
    const [{ Decoding }, kernels] = await Promise.all([
      import('./decoding.ts'),
      assembledLater && this.#kernelsOf(assembledLater),
    ])
    this.#own.assertUsable()
    if (this.#decoding) return this.#decoding
    if (kernels) this.#engine.addKernels(kernels)
    return (this.#decoding = new Decoding(this.#parts))
  }

  async backward<T extends Tensor>(call: BackwardCall<T>, drawn = this.drawn): Promise<Gradients<T>> {
    const turned = this.turned<Gradients<T>>('backward', call, drawn)
    if (turned) return turned
    const { now } = this.#backward
    if (now) return now.run(drawn, call)
    return withOwn(call, async (own) => (await this.#loadBackward()).run(drawn, own, true))
  }

  async prepareBackward(options?: PrepareBackward): Promise<void> {
    this.#own.assertUsable()
    await (this.#backward.now ?? (await this.#loadBackward())).prepare(options)
  }

  #loadBackward(): Promise<Backward> {
    return this.#backward.load(async () => {
      this.#own.assertUsable()
      const { Backward } = await import('./backward.ts')
      return new Backward(this.#parts, (program) =>
        this.#kernelsOf(present(program.assembled, 'kernels for WebAssembly')),
      )
    })
  }

  #kernelsOf(assembled: Assembled): Promise<Kernels> {
    return kernelsFor(this.#machine, this.#own, this.name, assembled, this.#variant)
  }

  get #parts(): Parts {
    const { program, weights } = this
    return { program, weights, machine: this.#machine, own: this.#own, engine: this.#engine, run: this.#run }
  }

  destroy(): void {
    if (this.#own.ended) return
    this.#own.freeAll()
    leaveMachine(this.#machine)
  }

  /** Without an await before what is given has been read. */
  readonly #run: Run = async (form, drawn, inputs, engine = this.#engine) => {
    // Drawn anew while something was loaded for the call.
    const anew = drawn !== this.drawn
    if (anew) this.#writeProjection(drawn)
    const pending = engine.run(form, inputs)
    if (anew) this.#writeProjection(this.drawn)
    const outputs = await pending
    this.#own.assertUsable()
    return outputs
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
