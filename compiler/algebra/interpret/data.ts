/** Declared tensors as the expressions of one head see them. */
import { headFor, headsOf } from '../../../runtime/contract/tensors.ts'
import type { TensorPlan } from '../../../runtime/contract/tensors.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import type { Call, Head } from './call.ts'

/** The value of a tensor in a row of a head: the row's own of an input, the head's of a weight. */
export function valueIn(
  plan: TensorPlan,
  call: Call,
  { item, index }: Pick<Head, 'item' | 'index'>,
  row: number,
): number | Float64Array {
  const { name, role, heads, rows, shape } = plan
  const tensor = (role === 'input' ? call.inputs : call.weights)?.[name]
  invariant(tensor !== undefined, `${name} is given`)
  const count = headsOf(heads, call)
  const owner = headFor(index, count, call)
  const place = rows === undefined ? owner : (item * count + owner) * call[rows] + row
  const size = shape.reduce((product, each) => product * each, 1)
  return shape.length === 0
    ? (tensor[place] ?? Number.NaN)
    : Float64Array.from(tensor.subarray(place * size, (place + 1) * size))
}
