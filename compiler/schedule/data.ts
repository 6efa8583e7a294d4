/** Declared tensors as buffers, and where a row of a head finds its own in them. */
import type { TensorHeads, TensorPlan } from '../../runtime/contract/tensors.ts'
import { declaredBuffer } from '../../runtime/contract/tensors.ts'
import type { Attention, ScaledTerm } from '../algebra/attention.ts'
import { mentions } from '../symbolic/traverse.ts'
import { keyRows, product, queryRows } from './buffers.ts'
import { add, mod, mul, size } from './equation/build.ts'
import { queryHeadOf, rowOf } from './equation/heads.ts'
import type { Head } from './equation/heads.ts'
import type { Formula } from './equation.ts'
import type { BufferPlan, Pass, Table } from './schedule.ts'

/** Numbers of one row of an input, or of one head's weight. */
const numbersOf = ({ shape }: TensorPlan): number => shape.reduce((all, one) => all * one, 1)

/** The buffers of those tensors that passes read. */
export const buffersOfData = ({ data }: Attention, passes: readonly Pass[]): readonly BufferPlan[] =>
  data.filter((plan) => passes.some(({ buffers }) => buffers.includes(declaredBuffer(plan)))).map(bufferOf)

function bufferOf(plan: TensorPlan): BufferPlan {
  const { role, heads, rows, shape } = plan
  const count = headsOf(heads)
  const sizes = [...(role === 'input' ? (['batch'] as const) : []), count, ...(rows ? [rows] : []), ...shape]
  const letters = { heads: 'H', kvHeads: 'KVH', batch: 'B', length: 'L', keyLength: 'S' } as const
  const axes = sizes.filter((one) => one !== 1 || shape.includes(1))
  return {
    name: declaredBuffer(plan),
    role: role === 'input' ? 'data' : 'weight',
    element: 'f32',
    size: product(...sizes),
    ...(plan.optional && { optional: true }),
    layout: `[${axes.map((one) => (typeof one === 'string' ? letters[one] : one)).join(', ')}]`,
  }
}

/** The weights that a kernel of pairs reads by the index of a pair. */
export const tablesOf = (
  { data }: Pick<Attention, 'data'>,
  { value }: Pick<ScaledTerm, 'value'>,
): readonly Table[] =>
  data
    .filter(({ name }) => mentions(value, name))
    .map((plan) => ({
      name: plan.name,
      buffer: declaredBuffer(plan),
      heads: headsOf(plan.heads),
      size: numbersOf(plan),
    }))

/** Index of the first number of a table. */
export const placeOfTable = ({ heads, size: numbers }: Table, head: Head): Formula =>
  mul(weightOf(heads, head), numbers)

/** How many heads a tensor has. Kernels have as many heads of values as of keys, of which those of queries are a multiple. */
function headsOf(heads: TensorHeads): Table['heads'] {
  if (heads === 'shared') return 1
  return heads === 'heads' || heads === 'outputHeads' ? 'heads' : 'kvHeads'
}

/**
 * Index of the first number that a row of a head has in a tensor.
 *
 * @param row among those that the tensor has rows for
 */
export function placeOfData(plan: TensorPlan, head: Head, row: Formula): Formula {
  const numbers = numbersOf(plan)
  if (plan.rows === undefined) return mul(weightOf(headsOf(plan.heads), head), numbers)
  if (plan.heads === 'shared') return mul(add(mul(head.batchItem, size(plan.rows)), row), numbers)
  const rows = plan.rows === 'length' ? queryRows : keyRows
  return mul(rowOf(rows, head, row), numbers)
}

/** The head of a weight. */
function weightOf(heads: Table['heads'], head: Head): Formula {
  if (heads === 1) return size(0)
  return mod(heads === 'heads' ? queryHeadOf(head) : head.keyGroup, size(heads))
}
