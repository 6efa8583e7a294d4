/** κ as the file writes it. */
import { invariant } from '../diagnostics/invariant.ts'
import type { AttentionModel } from '../semantics/model.ts'
import { Evaluator } from './evaluate.ts'
import type { dot } from './vector.ts'

/** Of an attention that has one. */
export function kernelOf({ kernel }: AttentionModel): typeof dot {
  invariant(kernel !== undefined, 'an attention without features has a kernel')
  const kappa = new Evaluator(kernel)
  return (q, k) => kappa.set('q', q).set('k', k).scalar()
}
