/**
 * A state that rows change, chunk by chunk. With one term, D and c of numbers, and S₀ before the chunk,
 *
 *     u_i = y_i + c_i (X_i a_iᵀS₀ + Σ_(j<i) E_(i−1)j (a_i·x_j) u_j),     out_i = G_i q_iᵀS₀ + Σ_(j≤i) E_ij (q_i·x_j) u_j,
 *     S ← G S₀ + Σ_j E_j x_j u_jᵀ,
 *
 * where E_ij is the product of D over the rows after j up to i, X_i over those before i, G_i with i, and E_j over those
 * after j. Products lose nothing where D is 0, and differences of logarithms would. What does not see S₀ is there for
 * all chunks at once: u = U + W S₀ by forward substitution, and the weights of pairs.
 */
import type { RecurPass } from './row-passes.ts'

/** Rows of a chunk. */
export const rowsOfRecurrence = 32

/** Where the numbers of a row begin that are there for all chunks at once. */
export interface ChunkRow {
  /** U, `valueDim` numbers, and W, `features`; only where something is read. */
  readonly solved?: { readonly u: number; readonly w: number }
  /** E_ij (q_i·x_j) for the rows j of the chunk. */
  readonly weights: number
  /** G_i, then E_i. */
  readonly factors: number
  readonly width: number
}

const inFours = (count: number): number => 4 * Math.ceil(count / 4)

/** The numbers of a row; each kind begins at a multiple of 4. */
export function chunkRow(
  { features, terms }: Pick<RecurPass, 'features' | 'terms'>,
  valueDim: number,
): ChunkRow {
  const reads = terms.some((term) => term.reads.length > 0)
  const w = inFours(valueDim)
  const weights = reads ? w + inFours(features) : 0
  const factors = weights + rowsOfRecurrence
  return { ...(reads && { solved: { u: 0, w } }), weights, factors, width: factors + 4 }
}
