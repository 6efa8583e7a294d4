/**
 * A causal factorised attention as its recurrence, in float64: the state of the
 * algebra is given the rows one by one, and read after each; at the cut it is
 * replaced by the state of all rows before, taken as one chunk.
 */
import type { Attention } from '../../algebra/attention.ts'
import { quotient } from '../../algebra/division.ts'
import { logFactor } from '../../algebra/action.ts'
import { actionOf, featuresOf } from '../../algebra/facts.ts'
import { act, combine, empty, type FeatureRow, read, type State, token } from '../../algebra/state.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import type { Call } from '../execution/executor.ts'
import { boundedFeatures } from '../rounding/features.ts'
import { rowsOf } from '../../algebra/interpret/call.ts'

/** The rows `wanted` of one head, counted through the batch: [wanted, valueDim]. */
export function foldedOutput(
  attention: Attention,
  call: Call,
  projection: Float32Array | undefined,
  group: number,
  cutAt: number,
  wanted: readonly number[],
): Float64Array {
  const { dim, valueDim, scale } = attention
  const score = featuresOf(attention)
  invariant(score !== undefined, 'a recurrence is of features')
  const { heads, kvHeads, length } = call
  const factor = Math.sqrt(scale)
  const w = projection === undefined ? [] : rowsOf(projection, 0, projection.length / dim, dim, 1)
  const [item, head] = [Math.floor(group / heads), group % heads]
  const kvGroup = item * kvHeads + Math.floor((head * kvHeads) / heads)
  const queries = boundedFeatures(
    attention,
    score,
    'query',
    rowsOf(call.q, group * length, length, dim, factor),
    w,
    length,
  )
  const keys = boundedFeatures(
    attention,
    score,
    'key',
    rowsOf(call.k, kvGroup * length, length, dim, factor),
    w,
    length,
  )
  const values = rowsOf(call.v, kvGroup * length, length, valueDim, 1)
  const after = logFactor(actionOf(attention), head)

  const result = new Float64Array(wanted.length * valueDim)
  let state = empty(score.features, valueDim)
  for (let row = 0; row < length; row++) {
    if (row === cutAt) state = chunk(keys, values, cutAt, after)
    state = combine(act(after(1), state), stateOf(keys, values, row))
    const place = wanted.indexOf(row)
    if (place >= 0) result.set(outputOf(attention, state, queries[row]), place * valueDim)
  }
  return result
}

/** The state of the first `count` rows, halves combined; `after` is what rows do to it, as a logarithm. */
function chunk(
  keys: readonly FeatureRow[],
  values: readonly Float64Array[],
  count: number,
  after: (rows: number) => number,
  first = 0,
): State {
  if (count === 1) return stateOf(keys, values, first)
  const half = Math.floor(count / 2)
  const left = chunk(keys, values, half, after, first)
  const right = chunk(keys, values, count - half, after, first + half)
  return combine(act(after(count - half), left), right)
}

function stateOf(keys: readonly FeatureRow[], values: readonly Float64Array[], row: number): State {
  const key = keys[row]
  const value = values[row]
  invariant(key !== undefined && value !== undefined, 'a state is made of rows that exist')
  return token(key, value)
}

function outputOf(attention: Attention, state: State, query: FeatureRow | undefined): Float64Array {
  invariant(query !== undefined, 'a state is read by a row that exists')
  return quotient(attention.division, read(state, query))
}
