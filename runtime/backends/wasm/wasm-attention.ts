/** An attention on WebAssembly: on the cores of the processor. */
import { checkCall } from '../../arguments/call.ts'
import { present } from '../../arguments/form.ts'
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

const later = () => import('./later.ts')

export class WasmAttention extends PartialAttention {
  readonly #machine: Machine
  readonly #variant: WasmVariant
  readonly #own: OwnBlocks
  readonly #engine: Engine
  readonly #decoding = new Loaded<Decoding>(async () => {
    this.assertUsable()
    const { assembledLater } = this.program
    const [{ Decoding, wholeProgram }, kernels] = await Promise.all([
      later().then(({ decoding }) => decoding()),
      assembledLater && this.#kernelsOf(assembledLater),
    ])
    const program = await wholeProgram(this.program)
    this.#engine.extend(program, kernels)
    this.extend(program)
    return new Decoding(this.#parts)
  })
  readonly #backward = new Loaded<Backward>(async () => {
    const { Backward } = await (await later()).backward()
    return new Backward(this.#parts, (program) =>
      this.#kernelsOf(present(program.assembled, 'kernels for WebAssembly')),
    )
  })

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
    this.writeConstants(options)
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

  protected assertUsable(): void {
    this.#own.assertUsable()
  }

  protected override setConstant(name: string, data: Float32Array): void {
    this.#engine.setConstant(name, data)
  }

  protected async pass<T extends Tensor>(call: ForwardCall<T>, drawn: Drawn): Promise<T> {
    const turned = this.turned<T>('forward', call, drawn)
    if (turned) return turned
    this.assertUsable()
    const inputs = this.onHost('forward', checkCall(this.program, 'forward', call))
    return (await this.#run('forward', drawn, inputs)).get('out') as Tensor as T
  }

  async prefill<T extends Tensor>(
    call: PrefillCall<T>,
    drawn = this.drawn,
  ): Promise<{ out: T; state: AttentionState }> {
    return (
      this.turned('prefill', call, drawn) ??
      this.#decoding.with(call, (decoding, own) => decoding.prefill(drawn, own))
    )
  }

  async step<T extends Tensor>(given: AttentionState, call: StepCall<T>, drawn = this.drawn): Promise<T> {
    // Whoever has a state of it has loaded it: this is taken at once.
    return this.#decoding.with(call, (decoding, own) => decoding.step(drawn, given, own))
  }

  async restore(saved: SavedState, drawn = this.drawn): Promise<AttentionState> {
    return this.#decoding.with(saved, (decoding, own) => decoding.restore(drawn, own))
  }

  async backward<T extends Tensor>(call: BackwardCall<T>, drawn = this.drawn): Promise<Gradients<T>> {
    return (
      this.turned('backward', call, drawn) ??
      this.#backward.with(call, (backward, given, own) => backward.run(drawn, given, own))
    )
  }

  async prepareBackward(options?: PrepareBackward): Promise<void> {
    return (await this.#backward.load()).prepare(options)
  }

  #kernelsOf(assembled: Assembled): Promise<Kernels> {
    return kernelsFor(this.#machine, this.#own, this.name, assembled, this.#variant)
  }

  get #parts(): Parts {
    const { program, weights, onHost } = this
    const [machine, own, engine, run] = [this.#machine, this.#own, this.#engine, this.#run]
    const whole = async (): Promise<Program> => this.#decoding.load().then(() => this.program)
    return { program, weights, machine, own, engine, onHost, run, whole }
  }

  destroy(): void {
    if (this.#own.ended) return
    this.#own.freeAll()
    leaveMachine(this.#machine)
  }

  /** Without an await before what is given has been read. */
  readonly #run: Run = async (form, drawn, inputs, engine = this.#engine) => {
    const outputs = await this.withDrawn(drawn, () => engine.run(form, inputs))
    this.assertUsable()
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
