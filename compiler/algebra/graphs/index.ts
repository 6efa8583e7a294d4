/** The graph of each way of evaluating. */
import { invariant } from '../../diagnostics/invariant.ts'
import type { Evaluation } from '../../semantics/model.ts'
import { compressed } from './compressed.ts'
import { factorised } from './factorised.ts'
import { attendCall, written } from './graph.ts'
import type { Graph } from './graph.ts'
import { landmarks } from './landmarks.ts'

export type { Inputs } from './graph.ts'

/** By the name of the way. */
export const graphs: { readonly [Name in Evaluation]: Graph } = {
  exact: (_, inputs, kernel) => [attendCall(inputs, kernel, 'attend')],
  factorised,
  landmarks,
  compressed,
  bucketed: ({ buckets }, _, kernel) => {
    invariant(buckets !== undefined, 'there are buckets')
    const { count, ...rest } = buckets
    return [
      { kind: 'near', name: 'attend_nearby', result: 'out', kernel: written(kernel), hashes: count, ...rest },
    ]
  },
}
