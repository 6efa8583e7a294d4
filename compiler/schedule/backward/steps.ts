/**
 * Gradients of an attention of steps: the rows that the steps leave are computed anew, and then each step, the last
 * one first, sends the cotangents of its rows back to the rows that it was made of (`adjoints.ts`).
 */
import { givenRowsOf, isGiven } from '../../algebra/facts.ts'
import type { Attention, RowOperand, RowOperation } from '../../algebra/attention.ts'
import { dataBuffers, queryLengths, queryRows } from '../buffers.ts'
import { buffersOfData } from '../data.ts'
import { load, z } from '../equation/build.ts'
import { entryOf, headAt } from '../equation/heads.ts'
import { outlineOf } from '../outline.ts'
import { headsOf } from '../planner.ts'
import type { Plan, Planner } from '../planner.ts'
import type { BufferPlan, Rounds, Schedule } from '../schedule.ts'
import { givenBuffer, placeOf, planOf, restrictionOf, scratchFor, widthOf } from '../strategies/steps.ts'
import { weightGradients } from './parameters.ts'
import type { Totals } from './parameters.ts'
import type { Adjoint, Contribution, Entry } from './adjoint.ts'
import { adjointOf } from './adjoints.ts'
import type { Backward } from './adjoints.ts'
import { gradientBuffers, resultPlan } from './buffers.ts'
import { gather, gradientPass } from './gather.ts'
import type { WithResult } from './in-two.ts'

/** Passes of which some may run in rounds. */
type RoundsPlan = Plan & { readonly rounds?: readonly Rounds[] }

/** Keys of a part: gradients take all keys as one. */
const everyKey = 2 ** 30

/**
 * Schedules the gradients of q, k and v; undefined where a step has no adjoint.
 *
 * @param totals where those of weights, if there are some, come with them: how slices add them up
 */
export function backwardSteps(
  attention: Attention,
  planner: Planner,
  totals?: Totals,
): WithResult | undefined {
  const { steps } = attention
  const parameters = totals !== undefined
  const walk = { attention, planner, kept: true, parameters, ...restrictionOf(steps) }
  const before = steps.slice(0, -1)
  const again = before.map((step) => planOf(step, walk))
  const backward = sendBack(walk, totals)
  if (backward === undefined) return undefined
  const plans: readonly RoundsPlan[] = [
    ...again.map(({ rounds, ...plan }) => ({ ...plan, ...(rounds && { rounds: [rounds] }) })),
    ...backward.plans,
  ]
  const rounds = plans.flatMap((plan) => plan.rounds ?? [])
  const passes = plans.flatMap((plan) => plan.passes)
  const gradients: Schedule = {
    ...outlineOf(attention),
    chunk: everyKey,
    chunks: 1,
    buffers: [
      ...dataBuffers(attention).filter(({ role }) => role !== 'output'),
      queryLengths,
      ...givenRowsOf(attention).map(givenBuffer),
      ...buffersOfData(attention, passes),
      ...gradientBuffers(attention),
      ...before.filter(({ kind }) => kind !== 'inverse').map(scratchOf),
      ...plans.flatMap(({ buffers }) => buffers),
    ],
    passes,
    ...(rounds.length > 0 && { rounds }),
  }
  const { result } = backward
  const head = headAt('kvHeads', 'sliceQueryHead', z)
  return result === undefined
    ? gradients
    : { ...gradients, result: resultPlan(attention, headsOf('sliceQueryHead'), head, result) }
}

const scratchOf = (step: RowOperation): BufferPlan => scratchFor(placeOf(step), widthOf(step))

/** The adjoints of all steps, the last one first, and the gradients. */
interface SentBack extends Pick<Adjoint, 'result'> {
  readonly plans: readonly RoundsPlan[]
}

function sendBack(walk: Backward, totals: Totals | undefined): SentBack | undefined {
  const { attention, parameters } = walk
  const { steps, valueDim } = attention
  const found = new Map<RowOperand, Contribution[]>()
  const plans: RoundsPlan[] = []
  let result: Adjoint['result']
  const keep = (contributions: readonly Contribution[]): void => {
    for (const one of contributions) found.set(one.to, [...(found.get(one.to) ?? []), one])
  }
  const output = { ...queryRows, buffer: 'dout' }
  const ofOutput: Entry = (head, row, column) => load('dout', entryOf(output, head, row, valueDim, column))
  for (const step of steps.toReversed()) {
    const summands = found.get(step)
    if ((summands === undefined && step !== steps.at(-1)) || (isGiven(step) && !parameters)) continue
    const gathered = summands && gather(step, summands)
    const adjoint = adjointOf(step, gathered?.entry ?? ofOutput, walk)
    if (adjoint === undefined) return undefined
    if (step === steps.at(-1)) ({ result } = adjoint)
    plans.push(...(gathered === undefined ? [] : [gathered]), adjoint)
    keep(adjoint.contributions.filter(({ to }) => parameters || !isGiven(to)))
  }
  const to = (isMeant: (to: RowOperand) => boolean): readonly Contribution[] =>
    [...found].flatMap(([to, all]) => (isMeant(to) ? all : []))
  const gradients = (['q', 'k', 'v'] as const).map((name) =>
    gradientPass(
      attention,
      name,
      to((rows) => rows.kind === 'call' && rows.of === name),
    ),
  )
  const own = result && { result }
  if (totals === undefined) return { plans: [...plans, ...gradients], ...own }
  const { begin, add } = weightGradients(attention, totals, ({ weight }) =>
    to((rows) => rows.kind === 'given' && rows.weight === weight),
  )
  return { plans: [{ passes: begin, buffers: [] }, ...plans, ...gradients, add], ...own }
}
