/** Dispatches of forms: what kernels read, in an environment, and what becomes of what they write. */
import { isFloat32Array } from '../../arguments/describe.ts'
import { countFields } from '../../arguments/lengths.ts'
import type { CountName } from '../../arguments/lengths.ts'
import { checkWeightSizes } from '../../arguments/weight-sizes.ts'
import { AttentionError } from '../../errors.ts'
import type { BufferPlan, CellDispatch, CellInteger, Form, Runnable } from '../../program.ts'
import type { Shape, ShapeField } from '../../contract/shape.ts'
import { CellKernel } from './cell-kernel.ts'
import type { Environment } from './environment.ts'
import type { Inputs } from './inputs.ts'
import type { Cells } from './library.ts'
import type { Outputs } from './parts.ts'
import type { Session } from './session.ts'
import { cellsOf } from './slices.ts'
import type { NamedCells } from './state.ts'
import { free } from './transfers.ts'

/** The outputs by name, on their way to the host, and what is carried to the next call. */
export interface Results {
  readonly outputs: Promise<Outputs>
  readonly state: NamedCells
}

/** A projection or a weight, and how many numbers it has. */
interface Constant {
  readonly cells: Cells
  readonly length: number
}

export class FormRunner {
  readonly #program: Runnable
  readonly #session: Session
  readonly #kernels = new Map<string, CellKernel>()
  /** Projection and weights, by name. */
  readonly #constants: Map<string, Constant>
  readonly #lent: boolean

  /** @param constants of whom the projection and the weights are */
  constructor(program: Runnable, session: Session, constants?: FormRunner) {
    this.#lent = constants !== undefined
    this.#constants = constants ? constants.#constants : new Map<string, Constant>()
    this.#program = program
    this.#session = session
  }

  /** Writes a projection or a weight, for the calls made from now on. */
  setConstant(name: string, numbers: Float32Array): void {
    const before = this.#constants.get(name)
    const cells = this.#session.transfers.upload(new Float32Array(numbers))
    this.#constants.set(name, { cells, length: numbers.length })
    if (before !== undefined) free(before.cells)
  }

  /** What is there before the first dispatch. */
  provide(environment: Environment, plans: readonly BufferPlan[], shape: Shape, inputs: Inputs): void {
    for (const plan of plans) {
      const { name } = plan
      const constant = this.#constantFor(plan, shape)
      const carried = plan.role === 'state' ? inputs.state?.get(name) : undefined
      const lent = constant ?? carried
      const numbers = lent === undefined ? numbersFor(plan, shape, inputs) : undefined
      if (lent !== undefined) environment.lend(name, lent)
      else if (numbers !== undefined) environment.give(name, this.#session.transfers.upload(numbers))
    }
  }

  /** In an environment with all that the form is given. */
  run(environment: Environment, form: Form, shape: Shape): Results {
    const lastUses = lastUsesOf(form)
    form.dispatches.forEach((dispatch, index) => {
      if (!('extent' in dispatch))
        throw new AttentionError('program', `The kernel ${dispatch.kernel} is none of cells.`)
      this.#dispatch(environment, form, dispatch, shape)
      for (const used of dispatch.buffers) if (lastUses.get(used) === index) environment.drop(used)
    })
    const outputs = this.#read(environment, form, shape)
    const state = new Map(plansOf(form, 'state').map((plan) => [plan.name, environment.take(plan.name)]))
    return { outputs, state }
  }

  destroy(): void {
    for (const kernel of this.#kernels.values()) kernel.destroy()
    this.#kernels.clear()
    if (this.#lent) return
    for (const { cells } of this.#constants.values()) free(cells)
    this.#constants.clear()
  }

  #constantFor({ name, role }: BufferPlan, shape: Shape): Cells | undefined {
    if (role !== 'projection' && role !== 'weight') return undefined
    checkWeightSizes(this.#program, (weight) => this.#constants.get(weight)?.length, shape)
    return this.#constants.get(role === 'projection' ? role : name)?.cells
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
      if (Object.hasOwn(shape, integer)) return shape[integer as ShapeField]
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

  #read(environment: Environment, form: Form, shape: Shape): Promise<Outputs> {
    const { transfers } = this.#session
    const pending = plansOf(form, 'output').map(async (plan) => {
      const numbers = await transfers.read(environment.get(plan.name), cellsOf(form, plan, shape))
      return [plan.name, numbers] as const
    })
    const outputs = this.#session.until(Promise.all(pending).then((entries) => new Map(entries)))
    // A later slice may fail first, and then nobody waits for this one.
    outputs.catch(() => {})
    return outputs
  }
}

function countsFor(name: CountName, shape: Shape, { [name]: lengths }: Inputs): Float32Array {
  return lengths ? Float32Array.from(lengths) : new Float32Array(shape.batch).fill(shape[countFields[name]])
}

/** What a call brings to a buffer, or what it starts from. */
function numbersFor(
  { name, role, size, value = () => 0 }: BufferPlan,
  shape: Shape,
  inputs: Inputs,
): Float32Array | undefined {
  switch (role) {
    case 'input':
    case 'data': {
      const tensor = inputs.tensors.get(name)
      return isFloat32Array(tensor) ? tensor : undefined
    }
    case 'lengths':
      return countsFor(name as CountName, shape, inputs)
    case 'heads':
      return Float32Array.from({ length: size(shape) }, (_, head) => value(head))
    case 'state':
      return new Float32Array(size(shape))
    default:
      return undefined
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
