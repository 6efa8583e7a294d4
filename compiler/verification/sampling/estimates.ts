/** What single rows of projections estimate, in float64: f(q, w)·f(k, w) summed over the blocks. */
import type { Attention } from '../../algebra/attention.ts'
import { featuresOf } from '../../algebra/facts.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import { Bindings, boundedEvaluator } from '../rounding/bounded.ts'

export interface Pair {
  /** As the kernel sees them. */
  readonly q: Float64Array
  readonly k: Float64Array
}

/** For each pair, the estimate of each row of the projection; the mean over rows is φ(q)·φ(k). */
export function estimates(
  attention: Attention,
  pairs: readonly Pair[],
  projection: Float32Array,
): Float64Array[] {
  const { dim } = attention
  const score = featuresOf(attention)
  invariant(score?.projections !== undefined, 'projected features estimate')
  const bindings = new Bindings()
  // The blocks carry 1/√m each.
  const { count } = score.projections
  const terms = score.query.map(({ value }, n) => ({
    query: boundedEvaluator(value, bindings),
    key: boundedEvaluator(score.key[n]?.value ?? value, bindings),
  }))
  const rows = projection.length / dim
  const result = pairs.map(() => new Float64Array(rows))
  bindings.setScalar('position', 0)
  bindings.setScalar('length', 1)
  for (let row = 0; row < rows; row++) {
    bindings.setRow('w', Float64Array.from(projection.subarray(row * dim, (row + 1) * dim)))
    pairs.forEach(({ q, k }, n) => {
      const sum = terms.reduce((total, { query, key }) => {
        bindings.setRow('x', q)
        const left = query().value
        bindings.setRow('x', k)
        return total + left * key().value
      }, 0)
      const of = result[n]
      if (of !== undefined) of[row] = count * sum
    })
  }
  return result
}
