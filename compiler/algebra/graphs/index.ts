/** The graph of each way of evaluating. */
import type { Evaluation } from '../../semantics/model.ts'
import { bucketed } from './bucketed.ts'
import { compressed } from './compressed.ts'
import { exact } from './exact.ts'
import { factorised } from './factorised.ts'
import type { Graph } from './graph.ts'
import { landmarks } from './landmarks.ts'

export type { Inputs } from './graph.ts'

/** By the name of the way. */
export const graphs: { readonly [Name in Evaluation]: Graph } = {
  exact,
  factorised,
  landmarks,
  compressed,
  bucketed,
}
