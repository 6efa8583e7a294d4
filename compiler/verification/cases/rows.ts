/** Parts of a call's tensors. */
import { headsOf, type TensorPlan } from '../../../runtime/contract/tensors.ts'
import type { Call } from '../execution/executor.ts'

/** How a tensor of a call lies in memory: [batch, heads, rows, width]. */
export interface RowLayout {
  readonly name: string
  /** Of one batch item. */
  readonly heads: number
  readonly rows: number
  /** Numbers of a row. */
  readonly width: number
  /** Whether its rows are those of queries or of keys. */
  readonly of: 'length' | 'keyLength'
  readonly integer: boolean
}

/** The tensors of a call that have rows, its declared inputs among them, each replaced by what is made of it. */
export function changeRows(
  call: Call,
  plans: readonly TensorPlan[] | undefined,
  change: (values: Float32Array, layout: RowLayout) => Float32Array,
): Call {
  const { heads, kvHeads } = call
  const changed = (
    name: string,
    values: Float32Array,
    of: RowLayout['of'],
    heads: number,
    integer = false,
  ): Float32Array => {
    const width = values.length / (call.batch * heads * call[of])
    return change(values, { name, heads, rows: call[of], width, of, integer })
  }
  const inputs = plans?.flatMap((plan): [string, Float32Array][] => {
    const given = call.inputs?.[plan.name]
    if (given === undefined) return []
    return [
      [
        plan.name,
        changed(
          plan.name,
          given,
          plan.rows ?? 'keyLength',
          headsOf(plan.heads, call),
          plan.element === 'integer',
        ),
      ],
    ]
  })
  return {
    ...call,
    q: changed('q', call.q, 'length', heads),
    k: changed('k', call.k, 'keyLength', kvHeads),
    v: changed('v', call.v, 'keyLength', kvHeads),
    ...(call.inputs && { inputs: Object.fromEntries(inputs ?? []) }),
  }
}

/** The first rows of each head alone. */
export function beginningOf(
  call: Call,
  plans: readonly TensorPlan[] | undefined,
  { length, keyLength }: Pick<Call, 'length' | 'keyLength'>,
): Call {
  const counts = { length, keyLength }
  const first = changeRows(call, plans, (values, { heads, rows, of }) =>
    sliceRows(values, call.batch * heads, rows, 0, counts[of]),
  )
  return { ...first, ...counts }
}

/** Of a [groups, length, width] array. */
export function sliceRows(
  values: Float32Array,
  groups: number,
  length: number,
  first: number,
  count: number,
): Float32Array {
  const width = values.length / (groups * length)
  const result = new Float32Array(groups * count * width)
  for (let group = 0; group < groups; group++) {
    const start = (group * length + first) * width
    result.set(values.subarray(start, start + count * width), group * count * width)
  }
  return result
}
