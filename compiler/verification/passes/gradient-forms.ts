/** The schedules of an attention's gradients: as equations alone, and as a target has them. */
import type { Attention } from '../../algebra/attention.ts'
import { parametersOf } from '../../algebra/facts.ts'
import { gradientsFor } from '../../forms.ts'
import { backward } from '../../schedule/build.ts'
import type { Choices } from '../../schedule/choices.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { Target } from '../../targets/target.ts'
import type { Lowered } from '../execution/run-passes.ts'

/** One program of gradients. */
export interface GradientForm {
  /** Whether gradients of the projection, or of weights, come with those of rows. */
  readonly parameters: boolean
  /** Absent where no equations say it. */
  readonly equations?: Schedule
  /** The target's kernels: whole, and where there is a cut, in two parts. */
  readonly kernels: { readonly backward: Lowered; readonly keep?: Lowered; readonly rest?: Lowered }
}

/**
 * The programs of gradients that a module has, or why it has none, in words that go on from "has no gradients, since".
 *
 * @param choices of the planner, in place of those of the model
 */
export function gradientForms(
  target: Target,
  algebra: Attention,
  choices?: Choices,
): readonly GradientForm[] | { readonly underivable: string } {
  const forms: GradientForm[] = []
  for (const parameters of parametersOf(algebra).length > 0 ? [false, true] : [false]) {
    const kernels = gradientsFor(target, algebra, choices, parameters)
    if ('underivable' in kernels) return kernels
    const equations = backward(algebra, undefined, parameters)
    forms.push({ parameters, kernels, ...('underivable' in equations ? {} : { equations }) })
  }
  return forms
}
