/** Runs the forms of one program on the processor. */
import { present } from '../../arguments/form.ts'
import { countFields } from '../../arguments/lengths.ts'
import type { CountName } from '../../arguments/lengths.ts'
import type { KeptParts } from '../../calls/kept.ts'
import { wholeCall } from '../../calls/slices.ts'
import type { Shape } from '../../contract/shape.ts'
import type { HostCall } from '../../partial-attention.ts'
import type { Opening } from '../../projection/lazy.ts'
import type { BufferPlan, FormName, Runnable } from '../../program.ts'
import type { Block, OwnBlocks } from './blocks.ts'
import type { Kernels } from './kernels.ts'
import { bytesOf, FormPlan, laidOut } from './launches.ts'
import type { Place } from './launches.ts'
import type { Machine } from './machine.ts'
import { Paces } from './paces.ts'
import { refusal } from './variant.ts'

export type { FormName } from '../../program.ts'

/** By the names of buffers. */
export type Outputs = ReadonlyMap<string, Float32Array>

/** What a call brings to a form, checked. */
export interface Inputs extends HostCall {
  readonly positions?: Uint32Array | undefined
  /** By the names of its buffers; written in place. */
  readonly state?: ReadonlyMap<string, Block>
  /** What one part of gradients leaves for the other. */
  readonly kept?: KeptParts<Block> | undefined
}

/** A call whose inputs are in memory. */
interface Call {
  /** For messages. */
  readonly where: string
  readonly plan: FormPlan
  readonly whole: Shape
  /** Its buffers by name; scratch when its turn has come. */
  readonly blocks: Map<string, Place>
  readonly kept: Inputs['kept']
}

/** How calls run. */
export interface Manner extends Pick<Opening, 'checkWeights'> {
  /** That a call may have, where there can be threads. */
  readonly threads: number
}

export class Engine {
  #program: Runnable
  readonly #machine: Machine
  readonly #own: OwnBlocks
  readonly #modules: Kernels[]
  readonly #manner: Manner
  readonly #paces = new Paces()
  readonly #plans = new Map<FormName, FormPlan>()
  /** Projection and weights, by name. */
  readonly #constants: Map<string, Block>

  /** @param constants of whom the projection and the weights are */
  constructor(
    program: Runnable,
    machine: Machine,
    own: OwnBlocks,
    kernels: Kernels,
    manner: Manner,
    constants?: Engine,
  ) {
    this.#constants = constants ? constants.#constants : new Map<string, Block>()
    this.#program = program
    this.#machine = machine
    this.#own = own
    this.#modules = [kernels]
    this.#manner = manner
  }

  /** For further forms of the same attention, with the same projection and weights. */
  beside(program: Runnable, kernels: Kernels): Engine {
    return new Engine(program, this.#machine, this.#own, kernels, this.#manner, this)
  }

  /** Goes on with further forms of the same attention, which have not run yet, and with their kernels. */
  extend(program: Runnable, kernels?: Kernels): void {
    this.#program = program
    if (kernels) this.#modules.push(kernels)
  }

  /** Writes a projection or a weight, for the calls made from now on. */
  setConstant(name: string, data: Float32Array): void {
    const before = this.#constants.get(name)
    const block = this.#own.make(data.length)
    this.#machine.heap.numbers.set(data, block.address / 4)
    this.#constants.set(name, block)
    if (before) this.#own.free(before)
  }

  /**
   * The form's outputs by name. What the call brings has been read when this returns its promise.
   *
   * @throws AttentionError `limit`, `out-of-memory`, `kernel`, `thread-lost`
   */
  async run(name: FormName, inputs: Inputs): Promise<Outputs> {
    const plan = this.#plan(name)
    const whole = wholeCall(plan.form, inputs.sizes)
    this.#manner.checkWeights?.(this.#program, (weight) => this.#constants.get(weight)?.size, whole)
    const bytes = bytesOf(plan.own, whole)
    const excess = this.#excess(plan, whole, bytes)
    if (excess !== undefined)
      throw (await refusal()).overLimit(this.#program.name, name, excess, this.#machine.heap.capacity)
    const address = this.#machine.heap.take(bytes)
    try {
      const where = `${this.#program.name}.${name}`
      const blocks = this.#bring(plan, whole, inputs, address)
      const call = { where, plan, whole, blocks, kept: inputs.kept }
      return await this.#machine.inOrder(() => this.#compute(call))
    } finally {
      this.#machine.heap.free(address)
    }
  }

  #plan(name: FormName): FormPlan {
    const known =
      this.#plans.get(name) ?? new FormPlan(this.#program, present(this.#program.forms[name], name))
    this.#plans.set(name, known)
    return known
  }

  /** The call's buffers in memory, and those of the attention and of the state. */
  #bring(plan: FormPlan, whole: Shape, inputs: Inputs, address: number): Map<string, Place> {
    const { heap } = this.#machine
    const blocks = new Map<string, Place>()
    for (const { plan: own, block } of laidOut(plan.own, whole, address)) {
      const { name, role, value } = own
      const { size } = block
      const at = block.address / 4
      blocks.set(name, block)
      if (role === 'input' || role === 'data') heap.numbers.set(present(inputs.tensors.get(name), name), at)
      else if (role === 'heads' && value)
        heap.numbers.set(
          Array.from({ length: size }, (_, head) => value(head)),
          at,
        )
      else if (role === 'lengths') {
        const { [name as CountName]: given } = inputs
        if (given) heap.words.set(given, at)
        else heap.words.fill(whole[countFields[name as CountName]], at, at + size)
      }
    }
    for (const kept of plan.kept) blocks.set(kept.name, this.#keptFor(kept, inputs))
    return blocks
  }

  #keptFor({ name, role }: BufferPlan, { state }: Inputs): Block {
    if (role === 'state') return present(state?.get(name), `state ${name}`)
    return present(this.#constants.get(role === 'weight' ? name : role), name)
  }

  #compute(call: Call): Outputs | Promise<Outputs> {
    const wanted = this.#threadsFor(call)
    const workers = wanted > 1 ? this.#machine.workersFor(this.#program.name, wanted) : 0
    if (typeof workers === 'number') return this.#computeWith(workers, call)
    return workers.then((ready) => this.#computeWith(ready, call))
  }

  #computeWith(workers: number, { where, plan, whole, blocks, kept }: Call): Outputs | Promise<Outputs> {
    const machine = this.#machine
    const { heap, threads } = machine
    const threadBytes = plan.threadBytes * (workers > 0 && threads ? threads.made + 1 : 1)
    const slices = kept?.slices ?? plan.slices(whole, heap.room - threadBytes)
    const [first = whole] = slices
    const bytes = bytesOf(plan.scratch, first)
    const address = heap.take(bytes + threadBytes)
    for (const { plan: one, block } of laidOut(plan.scratch, first, address)) blocks.set(one.name, block)
    const launches = plan.launches(this.#modules, slices, blocks, kept?.parts)
    const scratch = { address: address + bytes, bytes: plan.threadBytes }
    const outputs = plan.outputs.map((name) => [name, present(blocks.get(name), name)] as const)
    const begun = performance.now()
    const finish = (): Outputs => {
      const busy = workers + (workers === 0 || threads?.mainTakesPart === true ? 1 : 0)
      this.#paces.note(plan.form, whole, (performance.now() - begun) * busy)
      return new Map(
        outputs.map(([name, { address, size }]) => [
          name,
          heap.numbers.slice(address / 4, address / 4 + size),
        ]),
      )
    }
    if (workers > 0 && threads)
      return threads
        .run(where, launches, scratch, workers)
        .then(finish)
        .finally(() => heap.free(address))
    try {
      machine.launch(where, launches, scratch)
      return finish()
    } finally {
      heap.free(address)
    }
  }

  /** Threads that pay: no more than have something to do in the widest dispatch. */
  #threadsFor({ plan, whole }: Call): number {
    const { threads } = this.#manner
    if (threads === 1) return 1
    const pays = Math.min(threads, this.#paces.threadsFor(plan.form, whole))
    if (pays === 1) return 1
    return Math.min(pays, Math.max(...plan.dispatches.map(({ workgroups }) => workgroups(whole))))
  }

  /** What the smallest slice of a call takes, where that is more than there can be. */
  #excess(plan: FormPlan, whole: Shape, bytes: number): number | undefined {
    const { capacity } = this.#machine.heap
    const needOf = (shape: Shape): number => bytes + bytesOf(plan.scratch, shape) + plan.threadBytes
    if (needOf(whole) <= capacity) return undefined
    const need = needOf({ ...whole, sliceCount: 1 })
    return need <= capacity ? undefined : need
  }
}
