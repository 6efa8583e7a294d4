/** The exact attention that an attention evaluated otherwise stands in for. */
import type { AttentionModel } from '../semantics/model.ts'

/**
 * The same attention with its kernel evaluated pair by pair; absent where no
 * kernel is declared, since then the features are the definition, and where the
 * keys are made of the queries.
 */
export function exactTwin(model: AttentionModel): AttentionModel | undefined {
  if (model.kernel === undefined || model.buckets !== undefined) return undefined
  const { feature: _, projections: _p, landmarks: _l, compress: _c, ...shared } = model
  return { ...shared, evaluation: 'exact', stabilize: { kind: 'auto' } }
}
