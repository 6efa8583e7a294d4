/**
 * The ring in which expectations are taken: finite sums of
 *
 *     coefficient · Π atomᵖ · exp(exponent)
 *
 * with a complex coefficient, and the exponent again such a sum. Sums of
 * products of polynomials, exponentials, sines and hyperbolic functions have one
 * form here, up to the order of terms and the rounding of coefficients, so that
 * equality can be decided by looking at it.
 *
 * Atoms are what the ring does not look into: an entry of a row, a scalar such as
 * a position, a sum over the entries of rows that cannot be taken apart
 * (Σ_t q_t·k_t, which is dot(q, k)), the largest entry, a function without a
 * form of its own, and a *group*: a sum under a power that is no
 * positive integer. Every atom is real where its arguments are.
 *
 * An index that a sum binds has its name from how deep the sums below it nest
 * (`t`, `t1`, …), so equal sums are equal atoms; free indices begin with `#`.
 *
 * A *weight* goes with each coefficient: the sum of the sizes of what was added
 * up to it, where most of that cancelled. A coefficient far below its weight is
 * the rounding of constants.
 */
import type { Complex } from './complex.ts'

/** A sum of terms of different keys; empty is 0. */
export type Value = readonly Term[]

/** coefficient · Π factors · exp(exponent). */
export interface Term {
  readonly coefficient: Complex
  readonly weight: number
  /** By key, each atom once, no power 0. */
  readonly factors: readonly Factor[]
  /** Without a constant term; empty where there is no exponential. */
  readonly exponent: Value
  /** Of all but the coefficient. */
  readonly key: string
}

/** An atom to a power, which need not be whole. */
export interface Factor {
  readonly atom: Atom
  readonly power: number
}

/** A factor that the ring takes as a whole. */
export type Atom = ScalarAtom | EntryAtom | SumAtom | MaximumAtom | FunctionAtom | GroupAtom

interface AtomCommon {
  readonly key: string
  /** Names of rows, scalars and free indices in it. */
  readonly names: ReadonlySet<string>
  /** How deep its sums and maxima nest. */
  readonly depth: number
}

/** A scalar of a call, such as a position. */
export interface ScalarAtom extends AtomCommon {
  readonly kind: 'scalar'
  readonly name: string
}

/** An entry of a row. */
export interface EntryAtom extends AtomCommon {
  readonly kind: 'entry'
  readonly row: string
  readonly index: string
}

/** Σ over `index` from 0 to size − 1 of a term with coefficient 1. */
export interface SumAtom extends AtomCommon {
  readonly kind: 'sum'
  readonly index: string
  readonly size: number
  readonly body: Term
}

/** The largest value at `index` from 0 to size − 1. */
export interface MaximumAtom extends AtomCommon {
  readonly kind: 'maximum'
  readonly index: string
  readonly size: number
  readonly body: Value
}

/** An operator of the language on scalars, or `sphericalMean` (`law.ts`). */
export interface FunctionAtom extends AtomCommon {
  readonly kind: 'function'
  readonly name: string
  readonly args: readonly Value[]
}

/** A sum under a power that is no positive integer. */
export interface GroupAtom extends AtomCommon {
  readonly kind: 'group'
  readonly body: Value
}

/** A question that this ring cannot decide; the message names the obstacle, as a noun phrase or clause. */
export class OutOfReach extends Error {}
