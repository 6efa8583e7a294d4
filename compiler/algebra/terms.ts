/** Terms: values split into a polynomial and an exponential part, and features made of them. */
import type { ProjectionsModel } from '../semantics/model.ts'
import type { Expression } from '../symbolic/expression.ts'

/** A value as coefficient · exp(exponent): the coefficient grows at most polynomially. */
export interface ScaledTerm {
  readonly value: Expression
  readonly coefficient: Expression
  readonly exponent?: Expression
  /** The sign of the value, as far as it is the same for all finite rows. */
  readonly sign: Sign
}

/** A sign that holds for all finite rows; `unknown` if none is proved. */
export type Sign = 'positive' | 'nonnegative' | 'unknown'

/** κ = φq(q)·φk(k). */
export interface FactorisedScore {
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
