/** What a feature estimates, before its expectation is taken: Σ over blocks of f(q, w)·f(k, w). */
import type { FeatureModel } from '../../semantics/model.ts'
import { add } from './ring/arithmetic.ts'
import type { Basis } from './ring/functions.ts'
import type { Value } from './ring/value.ts'
import { liftProduct, type Lifting } from './lift.ts'

/** A query's row is `q` at position `i`; a key's is `k`, or as named, at position `j`. */
export function integrandOf({ query, key }: FeatureModel, basis: Basis, keyRow = 'k'): Value {
  const ofQuery: Lifting = { basis, names: { x: 'q', position: 'i' } }
  const ofKey: Lifting = { basis, names: { x: keyRow, position: 'j' } }
  return add(
    ...query.map((block, n) => {
      const partner = key[n]
      return partner === undefined ? [] : liftProduct(block, partner, ofQuery, ofKey)
    }),
  )
}
