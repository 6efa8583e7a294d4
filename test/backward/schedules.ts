// The schedule of the gradients of an attention that has some.
import { fromModel } from '../../compiler/algebra/build.ts'
import { backward } from '../../compiler/schedule/build.ts'
import type { Planner } from '../../compiler/schedule/planner.ts'
import type { Schedule } from '../../compiler/schedule/schedule.ts'
import { verify } from '../../compiler/schedule/verify.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'

/** @param parameters whether gradients of the projection or of weights come with them */
export function gradientSchedule(model: AttentionModel, planner?: Planner, parameters?: boolean): Schedule {
  const planned = backward(fromModel(model), planner, parameters)
  if ('underivable' in planned) throw new Error(`there are gradients, and not: ${planned.underivable}`)
  return verify(planned)
}
