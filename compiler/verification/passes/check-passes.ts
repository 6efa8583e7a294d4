/**
 * Translation validation: on a random call, each stage of the compiler is held to
 * the interpreter of the stage before it.
 *
 *   algebra    the attention as mathematics, against the float64 reference
 *   equations  a schedule of equations alone, number by number in float64, against the algebra
 *   kernels    the schedule's kernels, in f32 and with race detection, against the equations
 *
 * A stage that cannot be interpreted is passed over, and the next one is held to
 * the one before it. `check-gradients.ts` does the same for gradients.
 */
import { interpret as interpretAlgebra } from '../../algebra/interpret.ts'
import { lower } from '../../kernel/lower/lower.ts'
import { reference } from '../../reference/reference.ts'
import { equationsOf } from '../../schedule/build.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import type { Attention } from '../../algebra/attention.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { callOf } from '../cases/case.ts'
import { asReference, weightsOf } from '../cases/weights.ts'
import { runEquations } from '../execution/run-equations.ts'
import { isComplete, runPasses } from '../execution/run-passes.ts'
import { layoutOf, smallText, whereIs, worstDifference } from '../properties/difference.ts'
import { allowedOf, drawnOf, shapeOf, withLengths } from './calls.ts'
import { float64Share, relativeError, Results } from './results.ts'
import type { StageResult } from './results.ts'

export const stages = ['algebra', 'equations', 'kernels'] as const
export type Stage = (typeof stages)[number]

/** An attention as the stages have it. */
export interface Stages {
  readonly model: AttentionModel
  readonly algebra: Attention
  readonly schedule: Schedule
  readonly kernels?: readonly Kernel[]
  /** The attention as equations alone; made from the algebra where absent. */
  readonly equations?: Schedule
}

/** Whether a stage's rounding is that of f32; it is float64 else. */
const inF32 = (stage: Stage): boolean => stage === 'kernels'

/** A bit more than a tile. */
const longest = 36

export function checkPasses(
  { model, algebra, schedule, kernels = lower(schedule), equations = equationsOf(algebra) }: Stages,
  { seed, calls }: { readonly seed: number; readonly calls: number },
): StageResult<Stage>[] {
  const weights = weightsOf(model)
  const results = new Results<Stage>(stages)
  const kept = { ...weights.values, ...drawnOf(model) }
  for (let n = 0; n < calls; n++) {
    const call = withLengths(callOf(model, shapeOf(seed + n, longest, weights.heads)), seed + n)
    const given = { ...call, weights: weights.values, projection: kept.projection }
    const expected = reference(model, { ...call, ...asReference(model, kept) })
    const allowed = allowedOf(model, algebra, call, kept, expected)
    let known: ArrayLike<number> = expected
    const outputs: Readonly<Record<Stage, () => ArrayLike<number> | undefined>> = {
      algebra: () => interpretAlgebra(algebra, given),
      equations: () => equations && runEquations(equations, call, kept),
      kernels: () =>
        isComplete(schedule, kept) ? runPasses({ schedule, kernels }, { call, kept }) : undefined,
    }
    for (const stage of stages) {
      const compare = (output: ArrayLike<number>) => {
        const share = inF32(stage) ? 1 : float64Share
        const difference = worstDifference(
          output,
          known,
          (index) => share * (allowed[index] ?? 0) + Number.MIN_VALUE,
          layoutOf(call, model.valueDim),
        )
        return {
          error: relativeError(output, known),
          wrong:
            difference &&
            `${whereIs(difference, call)} is ${difference.found} in the ${stage} and ${difference.expected} in the stage before; rounding explains ${smallText(difference.allowed)}`,
        }
      }
      known = results.hold(stage, outputs[stage], compare) ?? known
    }
  }
  return results.all
}
