/** Claims and their verdicts. */
import type { AttentionModel, FeatureModel } from '../../semantics/model.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { mentions } from '../../symbolic/traverse.ts'
import type { Counterexample } from './counterexample.ts'
import type { Marginal } from './couplings.ts'
import type { Step } from './steps.ts'

/** The result of judging a claim. */
export type ClaimVerdict = Proved | Refuted | Integrated | Undecided

/** The expectation is the kernel. */
export interface Proved {
  readonly status: 'proved'
  /** The common closed form, in the language. */
  readonly estimates: string
  readonly steps: readonly Step[]
}

/** The expectation is another function than the kernel. */
export interface Refuted {
  readonly status: 'refuted'
  /** What φ(q)·φ(k) is on average: in the language, or in its style where it has no words for it. */
  readonly estimates: string
  /** Of `q`, `k`, `i`, `j` and `length`; absent where the language has no words for it. */
  readonly estimatesExpression?: Expression
  readonly counterexample: Counterexample
  /** A sentence on what this means for the outputs, where there is something to say. */
  readonly detail?: string
  readonly steps: readonly Step[]
}

/** No proof, but at rows tried the expectation is the kernel, to many digits. */
export interface Integrated {
  readonly status: 'integrated'
  /** A sentence: why there is no proof, at how many rows it was integrated, and how well. */
  readonly reason: string
  readonly steps: readonly Step[]
}

/** Neither proved nor refuted here. */
export interface Undecided {
  readonly status: 'undecided'
  /** A sentence. */
  readonly reason: string
  /** What φ(q)·φ(k) is on average, as far as that is known. */
  readonly estimates?: string
  /** It is the kernel where rows of projections are normal, and these are nearly so. */
  readonly holdsForNormalRows?: true
  readonly steps: readonly Step[]
}

/** An attention that names a kernel beside its feature: E[φ(q)·φ(k)] = κ(q, k). */
export interface Claim {
  readonly model: AttentionModel
  readonly kernel: Expression
  readonly feature: FeatureModel
  readonly marginal: Marginal | undefined
}

/** Whether what the features give depends on where the rows stand. */
export const seesPositions = ({ feature: { query, key } }: Claim): boolean =>
  [...query, ...key].some((block) => mentions(block, 'position') || mentions(block, 'length'))
