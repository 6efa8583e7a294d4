/** What the expressions of one head see beside its rows: the head's index, weights, and the inputs of each row. */
import { headFor, headsOf, outputHeads } from '../../runtime/contract/tensors.ts'
import type { TensorPlan } from '../../runtime/contract/tensors.ts'
import { declaredTensors, typeOf } from '../semantics/model.ts'
import type { AttentionModel } from '../semantics/model.ts'
import type { Evaluator, Value } from './evaluate.ts'
import { countsOf } from './inputs.ts'
import type { Numbers, ReferenceInputs } from './inputs.ts'
import { Vector } from './vector.ts'

/** Anything that takes values by the names of variables. */
export type Settable = Pick<Evaluator, 'set'>

/** An input of one head: its value at each row. */
interface RowInput {
  readonly name: string
  readonly rows: readonly (Value | number)[]
  readonly zero: Value | number
}

/** Of output head `head` of a batch item. */
export class HeadData {
  readonly #fixed: readonly (readonly [string, Value | number])[]
  readonly #inputs: readonly RowInput[]

  constructor(model: AttentionModel, inputs: ReferenceInputs, item: number, head: number) {
    const counts = countsOf(inputs)
    const part = ({ heads }: TensorPlan): number => headFor(head, headsOf(heads, counts), counts)
    const declared = declaredTensors(model)
    const fixed = declared.flatMap((plan) => {
      const tensor = inputs.weights?.[plan.name]
      if (plan.role !== 'weight' || tensor === undefined) return []
      return [[plan.name, valueAt(plan, tensor, part(plan))] as const]
    })
    this.#fixed = [['head', head], ['heads', outputHeads(counts)], ...fixed]
    this.#inputs = declared.flatMap((plan) => {
      const tensor = inputs.inputs?.[plan.name]
      if (plan.rows === undefined || tensor === undefined) return []
      const [count, height] = [headsOf(plan.heads, counts), inputs[plan.rows]]
      const first = (item * count + part(plan)) * height
      const rows = Array.from({ length: height }, (_, row) => valueAt(plan, tensor, first + row))
      return [{ name: plan.name, rows, zero: zeroOf(plan) }]
    })
  }

  /** What is the same in all rows. */
  fix<S extends Settable>(evaluator: S): S {
    for (const [name, value] of this.#fixed) evaluator.set(name, value)
    return evaluator
  }

  /** The inputs of one row by their bare names, and those of the row before it. */
  row(evaluator: Settable, row: number): void {
    for (const { name, rows, zero } of this.#inputs) {
      evaluator.set(name, rows[row] ?? zero)
      evaluator.set(`previous(${name})`, rows[row - 1] ?? zero)
    }
  }

  /** The inputs of both rows of a pair. */
  pair(evaluator: Settable, i: number, j: number): void {
    for (const { name, rows, zero } of this.#inputs) {
      evaluator.set(`${name}[i]`, rows[i] ?? zero)
      evaluator.set(`${name}[j]`, rows[j] ?? zero)
    }
  }
}

/** Entry `index` of a tensor of scalars, vectors or matrices. */
function valueAt({ shape }: TensorPlan, tensor: Numbers, index: number): Value | number {
  const size = shape.reduce((product, each) => product * each, 1)
  if (shape.length === 0) return tensor[index] ?? Number.NaN
  return Vector.ofNumbers(tensor.subarray(index * size, (index + 1) * size))
}

const zeroOf = (plan: TensorPlan): Value | number => {
  const type = typeOf(plan)
  return type.kind === 'vector' ? Vector.ofNumbers(new Float64Array(type.size)) : 0
}
