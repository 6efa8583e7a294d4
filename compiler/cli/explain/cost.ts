/** What an attention costs, beside exact softmax of the same sizes. */
import { pairsOf } from '../../algebra/facts.ts'
import { fromModel } from '../../algebra/build.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import { type Cost, cost } from '../../schedule/cost.ts'
import { schedule } from '../../schedule/build.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import { softmaxLike } from '../../semantics/model.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import { crossover } from './crossover.ts'

export interface Comparison {
  readonly length: number
  /** Of one head. */
  readonly cost: Cost
  readonly softmax: Cost
  /** The smallest length from which fewer operations are needed than for softmax; absent where there is none. */
  readonly winsFrom?: number
}

export function compareCosts(model: AttentionModel, plan: Schedule, length: number): Comparison {
  const exact = softmaxOf(model)
  const at = (which: Schedule, rows: number): Cost =>
    cost(which, { batch: 1, heads: 1, kvHeads: 1, length: rows, keyLength: rows })
  const winsFrom =
    pairsOf(fromModel(model)) !== undefined && model.mask.kind !== 'condition'
      ? undefined
      : crossover(
          (rows) => at(plan, rows).flops,
          (rows) => at(exact, rows).flops,
        )
  return {
    length,
    cost: at(plan, length),
    softmax: at(exact, length),
    ...(winsFrom === undefined ? {} : { winsFrom }),
  }
}

/** Exact softmax attention with the same rows, planned by the same compiler. */
function softmaxOf(model: AttentionModel): Schedule {
  const plan = schedule(fromModel(softmaxLike(model)))
  invariant(!('unsupported' in plan), 'exact softmax can always be scheduled')
  return plan
}
