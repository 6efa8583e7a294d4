/** The tensors that a file declares, for an attention that is run: those of the input file, or random ones. */
import { axesOf, countOf } from '../../../runtime/contract/tensors.ts'
import type { TensorPlan } from '../../../runtime/contract/tensors.ts'
import { declaredTensors } from '../../semantics/model.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import type { Tensor } from '../tensors/tensor.ts'
import type { Inputs } from './inputs.ts'
import { normals } from './normals.ts'

/** Streams of random numbers that no other tensor has. */
const firstStream = 100

/** The inputs with a tensor for each that is declared and not there: normal entries, and integers from 0 to 3. */
export function withRandomData(inputs: Inputs, model: AttentionModel, seed: number): Inputs {
  const plans = declaredTensors(model)
  if (plans.length === 0) return inputs
  const made = plans
    .filter(({ optional }) => optional !== true)
    .map((plan, index): [string, Tensor] => [
      plan.name,
      randomTensor(plan, inputs, seed, firstStream + index),
    ])
  const note = `what the file declares is random, too (${made.map(([name]) => name).join(', ')}): give it with --input`
  return { ...inputs, declared: new Map(made), notes: [...inputs.notes, note] }
}

function randomTensor(plan: TensorPlan, inputs: Inputs, seed: number, stream: number): Tensor {
  const [width = 1] = plan.shape.slice(-1)
  // Rows of about unit length: longer ones make states that are read and written back grow with every token.
  const deviation = plan.shape.length === 0 ? 1 : 1 / Math.sqrt(width)
  const data = normals(countOf(plan, inputs), seed, stream, deviation)
  const shape = axesOf(plan, inputs).map(([, size]) => size)
  if (plan.element === 'number') return { shape, data }
  return { shape, data: data.map((value) => Math.min(3, Math.floor(2 * Math.abs(value)))) }
}

/** By their roles, for a call and for `create`. */
export function declaredOf(
  model: AttentionModel,
  { declared }: Inputs,
): Readonly<Record<'inputs' | 'weights', Readonly<Record<string, Float32Array>>>> {
  const of = (role: TensorPlan['role']): Readonly<Record<string, Float32Array>> =>
    Object.fromEntries(
      declaredTensors(model).flatMap((plan) => {
        const tensor = plan.role === role ? declared.get(plan.name) : undefined
        return tensor === undefined ? [] : [[plan.name, tensor.data]]
      }),
    )
  return { inputs: of('input'), weights: of('weight') }
}
