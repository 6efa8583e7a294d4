/** An attention on WebAssembly: on the cores of the processor. */
import { checkCall } from '../../arguments/call.ts'
import { checkPrefill, checkSaved } from '../../arguments/decoding.ts'
import { hostCall } from '../../arguments/on-host.ts'
import type { HostCall } from '../../arguments/on-host.ts'
import type {
  AttentionState,
  BackwardCall,
  ForwardCall,
  SavedState,
  StepCall,
  Tensor,
} from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { KeptState } from '../../calls/state.ts'
import { nextToken } from '../../calls/token.ts'
import { AttentionError } from '../../errors.ts'
import { PartialAttention } from '../../partial-attention.ts'
import { positionsAfter, savedPositions } from '../../positions.ts'
import type { Program } from '../../program.ts'
import type { Opening } from '../../projection/lazy.ts'
import { roomFor } from '../../room.ts'
import { OwnBlocks } from './blocks.ts'
import type { Block } from './blocks.ts'
import { deviceName, mostThreads } from './device.ts'
import { Engine } from './engine.ts'
import type { FormName, Inputs } from './engine.ts'
import { compileKernels } from './kernels.ts'
import type { Kernels } from './kernels.ts'
import { leaveMachine, takeMachine } from './machine.ts'
import type { Machine } from './machine.ts'
import { StateBlocks } from './state-blocks.ts'

export class WasmAttention extends PartialAttention {
  readonly #machine: Machine
  readonly #own: OwnBlocks
  readonly #engine: Engine
  #states: StateBlocks
  #destroyed = false

  private constructor(program: Program, machine: Machine, kernels: Kernels, options: Opening) {
    const threads = Math.min(options.threads ?? Infinity, mostThreads())
    super(program, 'wasm', deviceName(kernels.variant, threads), options)
    this.#machine = machine
    this.#own = new OwnBlocks(machine)
    this.#engine = new Engine(program, machine, this.#own, kernels, threads)
    this.#states = new StateBlocks(program, machine, this.#own, this.drawn)
    this.#writeProjection(this.drawn)
    const { weights = {} } = options
    for (const { name, otherwise } of program.weights) {
      const weight = weights[name] ?? (otherwise && weights[otherwise])
      if (weight !== undefined) this.#engine.setConstant(name, weight)
    }
  }

  /** @throws AttentionError `no-wasm`, `kernel`, `out-of-memory` */
  static async open(program: Program, options: Opening): Promise<WasmAttention> {
    const machine = takeMachine()
    try {
      const kernels = await machine.kernelsOf(await compileKernels(program, machine.threads !== undefined))
      return new WasmAttention(program, machine, kernels, options)
    } catch (thrown) {
      leaveMachine(machine)
      throw thrown
    }
  }

  override redraw(seed: number): void {
    this.#assertUsable()
    super.redraw(seed)
    this.#writeProjection(this.drawn)
    this.#states = new StateBlocks(this.program, this.#machine, this.#own, this.drawn)
  }

  #writeProjection({ projection, seed }: Drawn): void {
    if (projection === undefined) return
    const constants = this.drawing?.constantsOf?.(this.program, projection, seed) ?? [
      ['projection', projection],
    ]
    for (const [name, data] of constants) this.#engine.setConstant(name, data)
  }

  async forward<T extends Tensor>(call: ForwardCall<T>): Promise<T> {
    this.#assertUsable()
    const checked = checkCall(this.program, 'forward', call)
    return (await this.#run('forward', hostCall(this.program, 'wasm', 'forward', checked))) as T
  }

  async prefill<T extends Tensor>(call: ForwardCall<T>): Promise<{ out: T; state: AttentionState }> {
    this.#assertUsable()
    const given = hostCall(this.program, 'wasm', 'prefill', checkPrefill(this.program, call))
    const sizes = { ...given.sizes, capacity: roomFor(given.sizes.length) }
    const buffers = this.#states.create(sizes)
    const state = new KeptState(this.#states, sizes, buffers, positionsAfter(sizes, given.lengths))
    try {
      const out = await this.#run('prefill', { ...given, sizes, state: buffers })
      return { out: out as T, state }
    } catch (thrown) {
      // The caller has no state to destroy.
      state.destroy()
      throw thrown
    }
  }

  async step<T extends Tensor>(given: AttentionState, call: StepCall<T>): Promise<T> {
    this.#assertUsable()
    const { program } = this
    const { state, ...token } = nextToken<Block, HostCall>(program, this.drawn, given, call, (checked) =>
      hostCall(program, 'wasm', 'step', checked),
    )
    try {
      return (await this.#run('step', { ...token, state: state.buffers })) as T
    } catch (thrown) {
      // What went wrong may be half done, or not at all.
      state.destroy()
      throw thrown
    }
  }

  async restore(saved: SavedState): Promise<AttentionState> {
    this.#assertUsable()
    checkSaved(this.program, this.drawn, saved)
    return new KeptState(this.#states, saved, this.#states.upload(saved), savedPositions(saved))
  }

  override async backward<T extends Tensor>(call: BackwardCall<T>): Promise<{ dq: T; dk: T; dv: T }> {
    this.#assertUsable()
    return super.backward(call)
  }

  destroy(): void {
    if (this.#destroyed) return
    this.#destroyed = true
    this.#own.freeAll()
    leaveMachine(this.#machine)
  }

  async #run(form: FormName, inputs: Inputs): Promise<Tensor> {
    const out = await this.#engine.run(form, inputs)
    this.#assertUsable()
    return out
  }

  #assertUsable(): void {
    if (this.#destroyed)
      throw new AttentionError(
        'destroyed',
        `${this.name} was destroyed. Create a new attention with create().`,
      )
  }
}
