/** Parts of a call's tensors. */
import type { Call } from '../execution/executor.ts'

type Tensors = Pick<Call, 'q' | 'k' | 'v'>

/** Rows `first` to `first + count` of each head of q, k and v. */
export function rowsOfCall(call: Call, first: number, count: number): Tensors {
  const { q, k, v, batch, heads, kvHeads, length, keyLength } = call
  return {
    q: sliceRows(q, batch * heads, length, first, count),
    k: sliceRows(k, batch * kvHeads, keyLength, first, count),
    v: sliceRows(v, batch * kvHeads, keyLength, first, count),
  }
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
