/**
 * Gradients of rows behind those of a state: that of the state comes with them, and the cotangents of the state that the
 * rows leave may go into them. Both are of the sums as they are, S and z times the exponential of their scale, and are
 * themselves sums over a natural log-scale for each feature, so that neither needs to know the other's scale.
 *
 * What the call begins with is a block before those of its rows, and the cotangents of what it leaves are a block behind
 * those of its query rows. So the gradient of the state is what all of these come to, as of the row before the first.
 */
import type { Attention, Carry } from '../../algebra/attention.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import { positions, product } from '../buffers.ts'
import { partsOf } from '../cells/factorised.ts'
import type { FactorisedPlan, StateFormulas } from '../cells/plan.ts'
import { carriedState } from '../cells/carried.ts'
import { scaleAt, sumAt } from '../cells/states.ts'
import { add, choose, gt, load, lt, mul, real, select, x } from '../equation/build.ts'
import { lowest } from '../equation.ts'
import type { Formula } from '../equation.ts'
import type { Planner } from '../planner.ts'
import { carriedSize } from '../schedule.ts'
import type { BufferPlan, Schedule } from '../schedule.ts'
import { initialGradient } from './ahead.ts'
import { inEquations, withGradients } from './factorised.ts'

/** Schedules the gradients of q, k, v and of the state that a target's `step` carries. */
export function backwardBehind(attention: Attention, carry: Carry, planner: Planner): Schedule {
  const { decoding } = planner.factorised(attention, carry)
  invariant(decoding !== undefined, 'what goes on from a state decodes')
  const carried = decoding.step.buffers.filter(({ role }) => role === 'state')
  const parts = partsOf(attention, carry, (plan) => ({
    begins: where(
      beginsAt,
      carried.length === 1 && carried[0]?.name === 'carried' ? together(plan) : carriedState(plan),
    ),
    ends: {
      scale: ({ head, feature }) => load('laterScales', scaleAt(plan, head.group, feature)),
      sum: ({ head, feature }) => load('laterSums', sumAt(plan, head.group, feature, x)),
    },
  }))
  const { plan } = parts
  const begun = inEquations(parts)
  const later = statesOfCall(plan, 'later', 'input')
  return withGradients(attention, parts, {
    ...begun,
    buffers: [...begun.buffers, positions, ...carried, ...later, ...statesOfCall(plan, 'initial', 'output')],
    passes: [...begun.passes, ...initialGradient(plan)],
  })
}

/** Sums and scales of a state of each group of the call. */
function statesOfCall(
  { attention, features, groups, scaling }: FactorisedPlan,
  name: string,
  role: BufferPlan['role'],
): BufferPlan[] {
  const columns = attention.valueDim + 1
  const buffer = (what: string, each: number, layout: string): BufferPlan => ({
    name: `${name}${what}`,
    role,
    element: 'f32',
    size: product('batch', groups, each),
    layout: `per group: ${layout}`,
  })
  return [
    buffer('Sums', features * columns, `[${features} × ${columns}], S and last z`),
    ...(scaling === 'scaled' ? [buffer('Scales', features, `[${features}], natural`)] : []),
  ]
}

/** The state in one buffer, over log-scales in base 2: S, z, scales. */
function together(plan: FactorisedPlan): StateFormulas {
  const { features, scaling, attention } = plan
  const { valueDim } = attention
  const at = (group: Formula, index: Formula): Formula =>
    load('carried', add(mul(group, carriedSize(features, valueDim, scaling)), index))
  return {
    scale: ({ head, feature }) =>
      mul(at(head.group, add(features * (valueDim + 1), feature)), real(Math.LN2)),
    sum: ({ head, feature }) =>
      at(
        head.group,
        select(lt(x, valueDim), add(mul(feature, valueDim), x), add(features * valueDim, feature)),
      ),
  }
}

/** Whether the batch item has a state. */
const beginsAt = (item: Formula): Formula => gt(load('positions', item, 'u32'), 0)

/** A state where there is one; what is in its place else has zeros for sums. */
const where = (there: (item: Formula) => Formula, { scale, sum }: StateFormulas): StateFormulas => ({
  scale: (at) => choose(there(at.head.batchItem), scale(at), lowest),
  sum,
})
