/** The float64 results that a run is held against. */
import { reference } from '../../reference/reference.ts'
import { exactTwin } from '../../semantics/model.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import { constant } from '../../symbolic/build.ts'
import { declaredOf } from './declared.ts'
import type { Inputs } from './inputs.ts'

/** [batch·heads, rows, valueDim]: the value of the attention as the file defines it, at those query rows. */
export function expectedRows(model: AttentionModel, inputs: Inputs, rows: readonly number[]): Float64Array {
  return reference(model, {
    q: inputs.q,
    k: inputs.k,
    v: inputs.v,
    batch: inputs.batch,
    heads: inputs.heads,
    kvHeads: inputs.kvHeads,
    length: inputs.length,
    keyLength: inputs.keyLength,
    rows,
    ...declaredOf(model, inputs),
    ...(inputs.valueHeads === undefined ? {} : { valueHeads: inputs.valueHeads }),
    ...(inputs.lengths && { lengths: inputs.lengths }),
    ...(inputs.queryLengths && { queryLengths: inputs.queryLengths }),
    ...(inputs.projection === undefined ? {} : { projection: inputs.projection.data }),
    ...Object.fromEntries([...inputs.weights].map(([name, { data }]) => [name, data])),
  })
}

/** What the features claim to estimate, and what attention to everything alike would give. */
export interface Yardsticks {
  readonly exact: Float64Array
  readonly uniform: Float64Array
}

/** Absent where the file names no kernel that something stands in for. */
export function yardsticks(
  model: AttentionModel,
  inputs: Inputs,
  rows: readonly number[],
): Yardsticks | undefined {
  const exact = exactTwin(model, inputs.length)
  if (exact === undefined || model.evaluation === 'exact') return undefined
  const uniform: AttentionModel = { ...exact, kernel: constant(1) }
  return { exact: expectedRows(exact, inputs, rows), uniform: expectedRows(uniform, inputs, rows) }
}
