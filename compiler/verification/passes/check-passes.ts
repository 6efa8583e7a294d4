/**
 * Translation validation: on a random call, each stage of the compiler is held to
 * the interpreter of the stage before it.
 *
 *   algebra    the attention as mathematics, against the float64 reference
 *   equations  a schedule of equations alone, number by number in float64, against the algebra
 *   kernels    the schedule's kernels, in f32 and with race detection, against the equations
 *
 * A stage that cannot be interpreted is passed over, and the next one is held to
 * the one before it.
 */
import { weighsPairs } from '../../algebra/facts.ts'
import { interpret as interpretAlgebra } from '../../algebra/interpret.ts'
import { lower } from '../../kernel/lower/lower.ts'
import { reference } from '../../reference/reference.ts'
import { equationsOf } from '../../schedule/build.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import type { Attention } from '../../algebra/attention.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { drawProjection, hadamardFactors, hadamardTable } from '../../../runtime/projection/index.ts'
import { callOf, type Case } from '../cases/case.ts'
import { scattered } from '../cases/scatter.ts'
import { weightsOf } from '../cases/weights.ts'
import type { Call, Weights } from '../execution/executor.ts'
import { runEquations } from '../execution/run-equations.ts'
import { isComplete, runPasses } from '../execution/run-passes.ts'
import { layoutOf, smallText, whereIs, worstDifference } from '../properties/difference.ts'
import { sensitivity } from '../rounding/sensitivity.ts'
import { tolerances } from '../rounding/tolerance.ts'

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

export interface StageResult {
  readonly stage: Stage
  /** Calls that were computed both ways; 0 where the stage cannot be interpreted. */
  readonly calls: number
  /** The largest error over the largest value. */
  readonly error: number
  /** Where the stage says something else, in a sentence. */
  readonly wrong?: string
}

/** Whether a stage's rounding is that of f32; it is float64 else. */
const inF32 = (stage: Stage): boolean => stage === 'kernels'

/** Float64 rounds 2^29 times finer than f32; that leaves room for what is added in another order. */
const float64Share = 2 ** -25

export function checkPasses(
  { model, algebra, schedule, kernels = lower(schedule), equations = equationsOf(algebra) }: Stages,
  { seed, calls }: { readonly seed: number; readonly calls: number },
): StageResult[] {
  const weights = weightsOf(model)
  const found = new Map<Stage, { calls: number; error: number; wrong?: string }>()
  for (let n = 0; n < calls; n++) {
    const call = withLengths(callOf(model, shapeOf(seed + n, weights.heads)), seed + n)
    const projection = projectionOf(model)
    const factors = factorsOf(model)
    const kept = { ...weights.values, ...(projection && { projection }), ...(factors && { factors }) }
    const given = { ...call, weights: weights.values, projection }
    const expected = reference(model, { ...call, ...kept })
    const allowed = allowedOf(model, algebra, call, kept, expected)
    let known: ArrayLike<number> = expected
    const outputs: Readonly<Record<Stage, () => ArrayLike<number> | undefined>> = {
      algebra: () => interpretAlgebra(algebra, given),
      equations: () => equations && runEquations(equations, call, kept),
      kernels: () =>
        isComplete(schedule, kept) ? runPasses({ schedule, kernels }, { call, kept }) : undefined,
    }
    for (const stage of stages) {
      const result = found.get(stage) ?? { calls: 0, error: 0 }
      found.set(stage, result)
      if (result.wrong !== undefined) continue
      const output = outputs[stage]()
      if (output === undefined) continue
      result.calls++
      result.error = Math.max(result.error, relativeError(output, known))
      const share = inF32(stage) ? 1 : float64Share
      const layout = layoutOf(call, model.valueDim)
      const difference = worstDifference(
        output,
        known,
        (index) => share * (allowed[index] ?? 0) + Number.MIN_VALUE,
        layout,
      )
      if (difference !== undefined) {
        result.wrong = `${whereIs(difference, call)} is ${difference.found} in the ${stage} and ${difference.expected} in the stage before; rounding explains ${smallText(difference.allowed)}`
        // What follows is held to what should have come out here.
        continue
      }
      known = output
    }
  }
  return stages.map((stage) => ({ stage, ...(found.get(stage) ?? { calls: 0, error: 0 }) }))
}

/** Small shapes, a bit more than a tile: every head, row and pair is computed four times over. */
function shapeOf(seed: number, heads: number | undefined): Case {
  const whole = (place: number, least: number, most: number): number =>
    least + Math.floor(scattered(seed, place) * (most - least + 1))
  return {
    length: whole(0, 1, 36),
    keyLength: whole(1, 1, 36),
    batch: whole(2, 1, 2),
    kvHeads: heads ?? 1,
    group: heads === undefined ? whole(3, 1, 2) : 1,
    norm: whole(4, 1, 3),
    values: seed % 1000,
  }
}

/** Every second call has rows that do not count. */
function withLengths(call: Call, seed: number): Call {
  if (seed % 2 === 0) return call
  const counts = (place: number, most: number): number[] =>
    Array.from({ length: call.batch }, (_, item) => Math.floor(scattered(seed, place, item) * (most + 1)))
  return { ...call, lengths: counts(5, call.keyLength), queryLengths: counts(6, call.length) }
}

const projectionOf = ({ projections, dim }: AttentionModel): Float32Array | undefined =>
  projections && drawProjection({ ...projections, rows: projections.count, dim })

/** What a transform reads in the place of the projection. */
function factorsOf({ projections, dim }: AttentionModel): Float32Array | undefined {
  const factors = projections && hadamardFactors({ ...projections, rows: projections.count, dim })
  return factors && hadamardTable(factors)
}

function allowedOf(
  model: AttentionModel,
  algebra: Attention,
  call: Call,
  kept: Weights,
  expected: Float64Array,
): Float64Array {
  const every = Array.from({ length: call.length }, (_, row) => row)
  return weighsPairs(algebra)
    ? tolerances(algebra, call, kept['projection'], every, expected)
    : sensitivity(model, { ...call, ...kept }, expected)
}

function relativeError(found: ArrayLike<number>, known: ArrayLike<number>): number {
  let gap = 0
  let largest = 0
  for (let index = 0; index < known.length; index++) {
    const value = known[index] ?? 0
    gap = Math.max(gap, Math.abs((found[index] ?? Number.NaN) - value))
    largest = Math.max(largest, Math.abs(value))
  }
  return largest === 0 ? gap : gap / largest
}
