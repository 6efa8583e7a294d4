/**
 * How an operator grows: the part of its record from which kernels are kept from overflow and underflow.
 *
 * A value is computed as coefficient · exp(exponent), with the exponent carried beside the sums, and the
 * coefficient may grow as a power of the rows' entries at most (`algebra/exponent.ts`). A growth says how that
 * form is found for f(v) from the form of v. There is no default, because an exponential that is taken for a
 * polynomial underflows to 0 without a word.
 */
import type { Expression } from '../expression.ts'

/** A function as coefficient · exp(exponent); without an exponent, the coefficient is the function. */
export interface Split {
  readonly coefficient: Expression
  readonly exponent?: Expression
}

/** An argument that has an exponent: whole = coefficient · exp(exponent). */
export interface ScaledArgument extends Required<Split> {
  readonly whole: Expression
}

/** Part of a sum: a split, or an expression whose own exponents are still to be found. */
export type GrowthTerm = Split | { readonly unsplit: Expression }

/**
 * f(x) as coefficient · exp(exponent) with an exponent that is never positive, where f vanishes exponentially far
 * below 0. Without it f is not known to vanish, or to vanish as 0 is reached.
 */
export type Tail = (x: Expression) => Required<Split>

/** The operator stays within constants, whatever its arguments are. */
export interface Bounded {
  readonly kind: 'bounded'
  readonly tail?: Tail
}

/** The operator takes whole numbers or truth values and stands in masks alone, which are never split. */
export interface MaskOnly {
  readonly kind: 'mask only'
}

/** The operator may grow beyond all bounds. */
export type Unbounded =
  /** A sum, a product or quotient, or a choice of one of the arguments: split together with its neighbours. */
  | { readonly kind: 'sum' | 'product' | 'choice' }
  /** f(c·v) = cᵈ·f(v) for c > 0. The degree d may depend on the arguments after the first. */
  | { readonly kind: 'homogeneous'; readonly degree: (...others: readonly Expression[]) => number }
  /** |f(v)| grows as a power of |v| at most. `terms` add up to f(v) where v has an exponent. */
  | {
      readonly kind: 'power'
      readonly terms: (v: ScaledArgument) => readonly GrowthTerm[]
      readonly tail?: Tail
    }
  /** f(x) grows as exp(exponent) does: `split` is that form of it for any x. */
  | { readonly kind: 'exponential'; readonly split: (x: Expression) => Required<Split> }

/** How an operator grows. */
export type Growth = Bounded | MaskOnly | Unbounded

/** Growth of an operator whose values stay within constants. */
export const bounded: Bounded = { kind: 'bounded' }

/** The same, of one that vanishes far below 0. */
export const vanishing = (tail: Tail): Bounded => ({ kind: 'bounded', tail })

/** Growth of an operator that masks alone may use. */
export const maskOnly: MaskOnly = { kind: 'mask only' }

/** f(c·v) = cᵈ·f(v) for c > 0, with the same degree d for all arguments. */
export const homogeneous = (degree: number): Unbounded => ({ kind: 'homogeneous', degree: () => degree })

/** Growth as a power at most, by terms that add up to f(v). */
export const power = (terms: (v: ScaledArgument) => readonly GrowthTerm[], tail?: Tail): Unbounded => ({
  kind: 'power',
  terms,
  ...(tail && { tail }),
})

/** Growth as an exponential, by the coefficient and the exponent of f(x). */
export const exponential = (split: (x: Expression) => Required<Split>): Unbounded => ({
  kind: 'exponential',
  split,
})
