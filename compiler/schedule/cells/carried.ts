/** The state that decoding carries: what it starts from, and what a token adds to it. */
import { product } from '../buffers.ts'
import { add, choose, larger, load, lt, mul, named, powerOf, real, size, x, y, z } from '../equation/build.ts'
import { headAt } from '../equation/heads.ts'
import type { EquationPass, Formula } from '../equation.ts'
import type { BufferPlan } from '../schedule.ts'
import type { Size } from '../../../runtime/contract/size.ts'
import type { FactorisedPlan, StateFormulas } from './plan.ts'
import { equationPass, scratch } from '../equation/plan.ts'
import type { Plan } from '../equation/plan.ts'
import { ofAll } from './folds.ts'
import { scaleAt, sumAt } from './states.ts'

/** The state that decoding carries, as it is before a call. */
export const carriedState = (plan: FactorisedPlan): StateFormulas => ({
  scale: ({ head, feature }) => load('carriedScales', scaleAt(plan, head.group, feature)),
  sum: ({ head, feature }) => load('carriedSums', sumAt(plan, head.group, feature, x)),
})

/** The state behind the rows of a call. */
export function carried(plan: FactorisedPlan): Plan {
  const { features, groups, attention, scaling } = plan
  const columns = attention.valueDim + 1
  const state = (name: string, each: Size, layout: string): BufferPlan => ({
    name,
    role: 'state',
    element: 'f32',
    size: product('batch', groups, each),
    layout: `per group: ${layout}`,
  })
  return {
    passes: ofAll(plan, 'carried').passes,
    buffers: [
      ...(scaling === 'scaled'
        ? [{ ...state('carriedScales', features, `[${features}]`), scales: true as const }]
        : []),
      state('carriedSums', features * columns, `[${features} × ${columns}], S and last z`),
    ],
  }
}

/** Adds a token to the carried state: scales are raised first, so that no power is above 1. */
export function absorbed(plan: FactorisedPlan): Plan {
  const { scaling, keyCoefficients, features, attention, groups } = plan
  const { valueDim } = attention
  const head = headAt(groups, 'sliceKeyHead', z)
  const token = (buffer: string, feature: Formula): Formula => load(buffer, scaleAt(plan, z, feature))
  const step = plan.action(head, size(1))
  const old = (feature: Formula): Formula =>
    step.lower(load('carriedScales', scaleAt(plan, head.group, feature)))
  const kept = load('carriedSums', sumAt(plan, head.group, y, x))
  const value = choose(lt(x, valueDim), load('v', add(mul(head.keyGroup, valueDim), x)), real(1))
  const sums = (now: Formula): EquationPass =>
    equationPass({
      name: 'absorb',
      extent: [valueDim + 1, features, 'sliceCount'],
      value: now,
      out: 'carriedSums',
      what: 'S and z with the token in them',
    })
  if (scaling === 'plain')
    return { passes: [sums(add(step.shrink(kept), mul(token('keyFeatures', y), value)))], buffers: [] }
  const scales = (name: string, now: Formula, out: string, what: string): EquationPass =>
    equationPass({ name, extent: [features, 1, 'sliceCount'], value: now, out, what })
  const scale = named('scale', token('raisedScales', y))
  const power = powerOf(token('keyExponents', y), scale)
  const weight = keyCoefficients ? mul(token('keyCoefficients', y), power) : power
  return {
    passes: [
      scales(
        'raise_scales',
        larger(old(x), token('keyExponents', x)),
        'raisedScales',
        'the scales with the token among what they are the largest of',
      ),
      sums(add(mul(kept, powerOf(old(y), scale)), mul(weight, value))),
      scales(
        'keep_scales',
        token('raisedScales', x),
        'carriedScales',
        'the scales of the state with the token in it',
      ),
    ],
    buffers: [scratch('raisedScales', [features, 'sliceCount'], `per group: [${features}]`)],
  }
}
