/**
 * An attention as symbolic mathematics.
 *
 *     out_i = Σ_j M_ij κ(q_i, k_j) v_j / (Σ_j M_ij κ(q_i, k_j) + ε)
 *
 * with κ either a scalar of the pair of rows or *factorised* (κ = φq(q)·φk(k), a
 * sum over r feature components; then the rows between key and query may act on
 * its sums, as those of a decay multiply them by γ^(i−j)). An attention is a list of *row operations*
 * (`rows.ts`): most have one, which attends or carries a state; others make rows
 * first, as means or products, and attend to these. All expressions here are in
 * component form (`symbolic/expression.ts`), simplified, and see rows that are
 * already multiplied by √scale.
 *
 * **Scaled terms.** Every score and every feature component is held as
 *
 *     value = coefficient · exp(exponent)
 *
 * where the coefficient grows at most polynomially in the entries of the rows
 * and everything exponential is in the exponent (absent: no exponential, the
 * coefficient is the value). Stabilisation carries the exponents beside the
 * sums and never forms `exp` of anything positive; that is all it needs to
 * know, and it follows from the expression alone (`exponent.ts`).
 *
 * Invariants (held by `verify.ts`): component form, scalar; free variables only
 * those listed at each field; `coefficient · exp(exponent)` equals `value` as a
 * function (checked on random points); query and key have equally many blocks
 * of equal sizes.
 */
import type { TensorPlan } from '../../runtime/contract/tensors.ts'
import type { MaskModel, StabilizeModel } from '../semantics/model.ts'
import { isNeverPositive } from '../symbolic/never-positive.ts'
import { isIdentity } from './action.ts'
import type { Division } from './division.ts'
import type { Carry, RowOperation } from './rows.ts'

export type { Action } from './action.ts'
export { addedToSum, type Division } from './division.ts'
export type * from './rows.ts'
export type * from './terms.ts'

/** One attention: its steps, the mask on its weights, and the denominator. */
export interface Attention {
  readonly name: string
  readonly dim: number
  readonly valueDim: number
  readonly scale: number
  /** Tensors that the file declares, which steps see by name. */
  readonly data: readonly TensorPlan[]
  /** The way of evaluating, for printing alone: code asks for facts of the steps (`facts.ts`). */
  readonly evaluation: string
  /** In order; the last one gives the output. */
  readonly steps: readonly RowOperation[]
  readonly mask: Mask
  readonly division: Division
  readonly stabilize: Stabilize
}

/**
 * Whether log-scales are carried beside the sums over keys: because a feature has an exponent that may grow, or because
 * sums of weights are divided by one another that vanish, by themselves or by the action of rows. A row may then be a quotient of sums that f32 does
 * not hold. Without a division a vanished sum is 0.
 */
export function carriesScales(
  { division, stabilize }: Attention,
  { score: { query, key }, action }: Carry,
): boolean {
  const divides = division.kind === 'sum'
  const exponents = [...query, ...key].flatMap(({ exponent }) => exponent ?? [])
  if (!isIdentity(action) && divides) return true
  return stabilize.kind === 'auto' && exponents.some((exponent) => divides || !isNeverPositive(exponent))
}

/** Which keys j a query i sees: a condition is boolean in `i`, `j` and `length` (user form: it has scalars only). */
export type Mask = MaskModel

/** How exponentials are kept in range: by carried log-scales, not at all, or as the papers' code does it. */
export type Stabilize = StabilizeModel
