/** One head of a batch item. */
import type { Vector } from './vector.ts'

/**
 * The rows of one head that there are: key rows past a batch item's length are
 * absent. Where keys are pooled, or made of the queries, these are the keys here.
 */
export interface Head {
  readonly item: number
  readonly index: number
  readonly q: readonly Vector[]
  /** How many of them count. The others have an output, and enter nothing else. */
  readonly queries: number
  readonly k: readonly Vector[]
  readonly v: readonly Vector[]
}
