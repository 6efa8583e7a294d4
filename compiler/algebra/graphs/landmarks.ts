/**
 * Attention through landmarks (Xiong et al., 2021): a large matrix of scores is
 * replaced by three small ones, associated as F·(A⁺·(B·V)), so that no matrix has
 * two sides of the sequence's length:
 *
 *   summary    B·V, landmarks attending to the keys
 *   core       A, the weights of landmarks among landmarks
 *   solution   A⁺·(B·V)
 *   out        F times that, queries attending to landmarks
 *
 * Landmarks are given rows, or means of segments. An item with too few rows to have
 * means is exact.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import type { Attend, Either, RowOperand, RowOperation } from '../rows.ts'
import { attendCall, given, written } from './graph.ts'
import type { Graph, Inputs } from './graph.ts'

/** Three attentions, an inverse and a product; a convolution over the values where the file asks for one. */
export const landmarks: Graph = ({ landmarks: model }, inputs, kernel) => {
  invariant(model !== undefined, 'there are landmarks')
  const { count, source, pinv, conv } = model
  const { q, k, v } = inputs
  const attend = (
    name: string,
    result: string,
    rows: Pick<Attend, 'queries' | 'keys' | 'values'>,
  ): Attend => ({ kind: 'attend', name, result, kernel: written(kernel), ...rows })
  const learned = source === 'learned'
  const marks: readonly [RowOperand, RowOperand] = learned
    ? [given(inputs, 'queryLandmarks'), given(inputs, 'landmarks')]
    : [
        { kind: 'means', name: 'query_means', result: 'queryMeans', rows: q, count },
        { kind: 'means', name: 'key_means', result: 'keyMeans', rows: k, count },
      ]
  const [queries, keys] = marks
  const summary = attend('summarize', 'summary', { queries, keys: k, values: v })
  const core = attend('relate_landmarks', 'core', { queries, keys })
  const inverse: RowOperation = {
    kind: 'inverse',
    name: 'invert',
    result: 'inverse',
    matrix: core,
    iterations: pinv,
  }
  const solution: RowOperation = {
    kind: 'product',
    name: 'solve',
    result: 'solution',
    left: inverse,
    right: summary,
  }
  const through = attend('attend_landmarks', 'out', { queries: q, keys, values: solution })
  const out: Attend | Either = learned
    ? through
    : {
        kind: 'either',
        name: 'attend',
        result: 'out',
        most: count,
        few: attendCall(inputs, kernel, 'attend_rows'),
        many: through,
      }
  return [
    ...marks.filter((rows) => rows.kind === 'means'),
    summary,
    core,
    inverse,
    solution,
    conv === undefined ? out : convolved(out, inputs),
  ]
}

function convolved(rows: Attend | Either, inputs: Inputs): RowOperation {
  const filter = given(inputs, 'conv')
  const { width } = filter
  invariant(width !== 'keyRows', 'a filter has a fixed width')
  return {
    kind: 'convolve',
    name: 'convolve',
    result: 'out',
    rows,
    values: inputs.v,
    filter: { ...filter, width },
  }
}
