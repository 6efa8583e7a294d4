/**
 * An attention as symbolic mathematics.
 *
 *     out_i = Σ_j M_ij γ^(i−j) κ(q_i, k_j) v_j / (Σ_j M_ij γ^(i−j) κ(q_i, k_j) + ε)
 *
 * with κ either *exact* (a scalar of the pair of rows) or *factorised*
 * (κ = φq(q)·φk(k), a sum over r feature components). All expressions here are
 * in component form (`symbolic/expression.ts`), simplified, and see rows that
 * are already multiplied by √scale.
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
import type { ProjectionsModel } from '../semantics/model.ts'
import type { Expression } from '../symbolic/expression.ts'
import { isNeverPositive } from '../symbolic/never-positive.ts'

/** One attention: its score, the mask and the decay on it, and the denominator. */
export interface Attention {
  readonly name: string
  readonly dim: number
  readonly valueDim: number
  readonly scale: number
  readonly score: Score
  readonly mask: Mask
  /** γ in the variable `head`; absent means 1. */
  readonly decay?: Expression
  readonly normalize: 'sum' | 'none'
  readonly epsilon: number
  readonly stabilize: Stabilize
}

/**
 * Whether log-scales are carried beside the sums over keys: where a feature has an exponent that may grow, and where
 * sums of what vanishes or fades are divided by one another. A row may then be a quotient of sums that f32 does not
 * hold; undivided, what has vanished is 0.
 */
export function carriesScales(
  { decay, normalize, stabilize }: Attention,
  { query, key }: FactorisedScore,
): boolean {
  const divides = normalize === 'sum'
  const exponents = [...query, ...key].flatMap(({ exponent }) => exponent ?? [])
  if (decay !== undefined && divides) return true
  return stabilize.kind === 'auto' && exponents.some((exponent) => divides || !isNeverPositive(exponent))
}

/** κ, by the way in which it is evaluated. */
export type Score = ExactScore | FactorisedScore | LandmarkScore | CompressedScore | BucketedScore

/** Which keys j a query i sees. */
export type Mask =
  | { readonly kind: 'none' }
  | { readonly kind: 'causal' }
  /** Boolean in `i`, `j`, `length` (user form: it has scalars only). */
  | { readonly kind: 'condition'; readonly condition: Expression }

/** How exponentials are kept in range: by carried log-scales, not at all, or as the papers' code does it. */
export type Stabilize =
  { readonly kind: 'auto' } | { readonly kind: 'none' } | { readonly kind: 'max'; readonly epsilon: number }

/** A value split into what grows polynomially and what grows exponentially. */
export interface ScaledTerm {
  readonly value: Expression
  readonly coefficient: Expression
  readonly exponent?: Expression
  /** What is known of the value's sign for all finite rows. */
  readonly sign: 'positive' | 'nonnegative' | 'unknown'
}

/** κ of a pair, in elements of `q` and `k`. */
export interface ExactScore {
  readonly kind: 'exact'
  readonly kernel: ScaledTerm
}

/** κ = φq(q)·φk(k). */
export interface FactorisedScore {
  readonly kind: 'factorised'
  /** m and its law, if the features are projected. */
  readonly projections?: ProjectionsModel
  /** r = Σ over blocks of `size`. */
  readonly features: number
  readonly query: readonly FeatureBlock[]
  readonly key: readonly FeatureBlock[]
  /** The kernel that the features claim to estimate, if the file names one. */
  readonly claims?: ScaledTerm
}

/**
 * `size` feature components that share one expression. A projected block has
 * size m and sees elements of `x` and of the projection row `w`; component c
 * uses row c. An unprojected block sees elements of `x` and the scalar
 * `component` (0 … size−1; constant 0 where size is 1). Both may see the
 * scalars `position` and `length`. The factor 1/√m is included in
 * `value` and `coefficient`.
 */
export interface FeatureBlock extends ScaledTerm {
  readonly size: number
  /**
   * Projected blocks: the exponent is `projected + rest`, where only
   * `projected` sees `w`. `stabilize: max` subtracts maxima of this part.
   */
  readonly projectedExponent?: Expression
  /** Of the value under x → −x, w fixed. */
  readonly parity: 'even' | 'odd' | 'none'
}

/** Nyström: three softmax-normalised factors of the same kernel. */
export interface LandmarkScore {
  readonly kind: 'landmarks'
  readonly kernel: ScaledTerm
  readonly count: number
  readonly source: 'segment_means' | 'learned'
  readonly pinv: number
  readonly conv?: number
}

/**
 * κ of a query and `count` pooled rows k̄_n = Σ_j E_nj k_j, with the values
 * v̄_n = Σ_j F_nj v_j; E and F are given at run time.
 */
export interface CompressedScore {
  readonly kind: 'compressed'
  readonly kernel: ScaledTerm
  readonly count: number
  readonly source: 'learned'
}

/**
 * κ of the pairs that a hash brings together, N_ij times where that happens in
 * N_ij rounds; a row's pair with itself weighs exp(−100000) instead. The key of a
 * row is √scale times its unscaled query row over that row's norm.
 */
export interface BucketedScore {
  readonly kind: 'bucketed'
  readonly kernel: ScaledTerm
  /** Even. */
  readonly count: number
  readonly rounds: number
  /** Sorted rows of a chunk, which meets itself and the chunk before it. */
  readonly chunk: number
  readonly seed: number
}
