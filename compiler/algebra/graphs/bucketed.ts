/** Attention among rows that a hash sorts together (Kitaev et al., 2020). */
import { invariant } from '../../diagnostics/invariant.ts'
import { written } from './graph.ts'
import type { Graph } from './graph.ts'

/** One step, which sorts the rows in each round. */
export const bucketed: Graph = ({ buckets }, _, kernel) => {
  invariant(buckets !== undefined, 'there are buckets')
  const { count, ...rest } = buckets
  return [
    { kind: 'near', name: 'attend_nearby', result: 'out', kernel: written(kernel), hashes: count, ...rest },
  ]
}
