/** Runs the forms of one program of cells on one machine. */
import { requireForm } from '../arguments/form.ts'
import { isFloat32Array } from '../arguments/describe.ts'
import { checkWeightSizes } from '../arguments/options.ts'
import { AttentionError } from '../errors.ts'
import type { BufferPlan, CellDispatch, CellInteger, Form, Program, Shape } from '../program.ts'
import { CellKernel } from './cell-kernel.ts'
import { Environment } from './environment.ts'
import type { Cells } from './library.ts'
import type { Session } from './session.ts'
import { itemsAtOnce, joined, shapeOf, sliceOf } from './slices.ts'
import type { Inputs } from './inputs.ts'
import type { NamedCells } from './state.ts'
import { free } from './transfers.ts'

export type FormName = keyof Program['forms']

/** The outputs by name, on their way to the host, and what is carried to the next call. */
export interface Results {
  readonly outputs: Promise<ReadonlyMap<string, Float32Array>>
  readonly state: NamedCells
}

export class Engine {
  readonly #program: Program
  readonly #session: Session
  readonly #kernels = new Map<string, CellKernel>()
  /** Projection and weights, by name. */
  readonly #constants = new Map<string, { readonly cells: Cells; readonly length: number }>()

  constructor(program: Program, session: Session) {
    this.#program = program
    this.#session = session
  }

  /** Writes a projection or a weight, for the calls made from now on. */
  setConstant(name: string, numbers: Float32Array): void {
    const before = this.#constants.get(name)
    const cells = this.#session.transfers.upload(numbers.slice())
    this.#constants.set(name, { cells, length: numbers.length })
    if (before !== undefined) free(before.cells)
  }

  /** All dispatches are made before it returns; only reading what they made takes time. */
  run(name: FormName, inputs: Inputs): Results {
    const form = requireForm(this.#program, name)
    const { batch } = inputs.sizes
    const parted = plansOf(form, 'state').length === 0
    const where = `${this.#program.name}.${name}`
    const items = itemsAtOnce(this.#session.machine, where, form, inputs.sizes, parted)
    if (items === batch) return this.#runAtOnce(form, inputs)
    const firsts = Array.from({ length: Math.ceil(batch / items) }, (_, slice) => slice * items)
    const slices = firsts.map((first) => this.#runAtOnce(form, sliceOf(inputs, first, items)))
    return { outputs: joined(slices.map(({ outputs }) => outputs)), state: new Map() }
  }

  #runAtOnce(form: Form, inputs: Inputs): Results {
    const shape = shapeOf(form, inputs.sizes)
    const environment = new Environment()
    try {
      for (const plan of form.buffers) this.#provide(environment, plan, shape, inputs)
      const lastUses = lastUsesOf(form)
      form.dispatches.forEach((dispatch, index) => {
        if (!('extent' in dispatch))
          throw new AttentionError('program', `The kernel ${dispatch.kernel} is none of cells.`)
        this.#dispatch(environment, form, dispatch, shape)
        for (const used of dispatch.buffers) if (lastUses.get(used) === index) environment.drop(used)
      })
      const state = new Map(plansOf(form, 'state').map((plan) => [plan.name, environment.take(plan.name)]))
      return { outputs: this.#read(environment, plansOf(form, 'output'), shape), state }
    } finally {
      environment.end()
    }
  }

  destroy(): void {
    for (const kernel of this.#kernels.values()) kernel.destroy()
    this.#kernels.clear()
    for (const { cells } of this.#constants.values()) free(cells)
    this.#constants.clear()
  }

  /** What is there before the first dispatch. */
  #provide(environment: Environment, plan: BufferPlan, shape: Shape, inputs: Inputs): void {
    const { name, role } = plan
    const give = (numbers: Float32Array): void =>
      environment.give(name, this.#session.transfers.upload(numbers))
    if (role === 'input') {
      const tensor = inputs.tensors.get(name)
      if (isFloat32Array(tensor)) give(tensor)
    } else if (role === 'lengths') {
      const { lengths } = inputs
      give(lengths ? Float32Array.from(lengths) : new Float32Array(shape.batch).fill(shape.keyLength))
    } else if (role === 'heads') {
      const { value = () => 0 } = plan
      give(Float32Array.from({ length: plan.size(shape) }, (_, head) => value(head)))
    } else if (role === 'state') {
      const carried = inputs.state?.get(name)
      if (carried !== undefined) environment.lend(name, carried)
      else give(new Float32Array(plan.size(shape)))
    } else {
      const constant = this.#constants.get(role === 'projection' ? role : name)
      const weight = this.#program.weights.find((one) => one.name === name)
      if (weight !== undefined && constant !== undefined) checkWeightSizes(weight, constant.length, shape)
      if (constant !== undefined) environment.lend(name, constant.cells)
    }
  }

  #dispatch(environment: Environment, form: Form, dispatch: CellDispatch, shape: Shape): void {
    const { kernel, buffers, extent } = dispatch
    const source = this.#program.kernels[kernel]
    const result = buffers.at(-1)
    if (source === undefined || result === undefined)
      throw new AttentionError('program', `${this.#program.name} has no kernel ${kernel}.`)
    const { code, bindings, integers = [] } = source
    let made = this.#kernels.get(kernel)
    if (made === undefined) {
      const parameters = { buffers: bindings.length - 1, integers: integers.length }
      made = new CellKernel(this.#session.machine, kernel, code, parameters)
      this.#kernels.set(kernel, made)
    }
    const integerOf = (integer: CellInteger): number => {
      if (Object.hasOwn(shape, integer)) return shape[integer as keyof Shape]
      const place = bindings.findIndex(({ name }) => `${name}.length` === integer)
      return this.#lengthOf(form, buffers[place] ?? '', shape)
    }
    const inputs = buffers.slice(0, -1).map((name) => environment.get(name))
    environment.give(result, made.run(inputs, integers.map(integerOf), extent(shape)))
  }

  /** Of a weight, what was given; it may be longer than what is asked. */
  #lengthOf(form: Form, name: string, shape: Shape): number {
    const plan = form.buffers.find((one) => one.name === name)
    return this.#constants.get(name)?.length ?? plan?.size(shape) ?? 0
  }

  async #read(
    environment: Environment,
    outputs: readonly BufferPlan[],
    shape: Shape,
  ): Promise<ReadonlyMap<string, Float32Array>> {
    const { transfers } = this.#session
    const pending = outputs.map(async ({ name, size }) => {
      const numbers = await transfers.read(environment.get(name), size(shape))
      return [name, numbers] as const
    })
    return this.#session.until(Promise.all(pending).then((entries) => new Map(entries)))
  }
}

const plansOf = (form: Form, role: BufferPlan['role']): readonly BufferPlan[] =>
  form.buffers.filter((plan) => plan.role === role)

/** After which dispatch a buffer is of no more use; outputs and states stay. */
function lastUsesOf({ buffers, dispatches }: Form): ReadonlyMap<string, number> {
  const kept = new Set(
    buffers.filter(({ role }) => role === 'output' || role === 'state').map(({ name }) => name),
  )
  return new Map(
    dispatches.flatMap((dispatch, index) =>
      dispatch.buffers.filter((name) => !kept.has(name)).map((name) => [name, index] as const),
    ),
  )
}
