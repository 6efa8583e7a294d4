/**
 * Parameters: what an attention is given beside q, k and v, its projection or weights of the caller's. All heads or all
 * batch items share one, so that each slice of a call adds its own part to the gradient, in their order.
 */
import type { Attention, GivenRows } from '../../algebra/attention.ts'
import { givenRowsOf } from '../../algebra/facts.ts'
import { add, choose, gt, load, mul, real, size, x, y, z } from '../equation/build.ts'
import { headAt } from '../equation/heads.ts'
import { equationPass } from '../equation/plan.ts'
import type { EquationPass, Extent, Formula } from '../equation.ts'
import { product } from '../buffers.ts'
import type { Plan } from '../planner.ts'
import type { BufferPlan } from '../schedule.ts'
import type { Contribution } from './adjoint.ts'
import { overItems } from './gather.ts'

/** Whether a gradient is added up in its buffer, or each slice of a call leaves its own, which the runtime adds. */
export type Totals = 'inPlace' | 'bySlice'

/** The gradient of a parameter, which slices add up. */
export interface Total {
  readonly totals: Totals
  /** Of its buffer. */
  readonly out: string
  /** In the names of its passes. */
  readonly name: string
  readonly extent: Extent
  /** The parameter, in words. */
  readonly what: string
}

/** Without scatter a buffer is written anew, beside the one that is read. */
const placeOf = ({ totals, extent }: Total): Partial<Pick<EquationPass, 'place'>> =>
  totals === 'inPlace' ? { place: cellOf(extent) } : {}

const cellOf = ([width, height]: Extent): Formula => add(mul(add(mul(z, size(height)), y), size(width)), x)

/** Before the first slice it is 0. A pass of its own, because two gradients may be added into one buffer. */
export const beginTotal = (total: Total): EquationPass => {
  const { totals, out, name, extent, what } = total
  const before =
    totals === 'inPlace' ? choose(gt(size('sliceStart'), 0), load(out, cellOf(extent)), 0) : real(0)
  return equationPass({
    name: `begin_${name}`,
    extent,
    value: before,
    out,
    ...placeOf(total),
    what: `the gradient of ${what} before this slice`,
  })
}

/** Adds the part of this slice. */
export const addToTotal = (total: Total, part: Formula, n = 0): EquationPass => {
  const { out, name, extent, what } = total
  return equationPass({
    name: `add_${name}${n || ''}`,
    extent,
    value: add(load(out, cellOf(extent)), part),
    out,
    ...placeOf(total),
    what: `the gradient of ${what}`,
  })
}

/** The buffer of a gradient. */
export const totalBuffer = ({ totals, out, extent }: Total, layout: string): BufferPlan => ({
  name: out,
  role: 'output',
  element: 'f32',
  size: product(...extent),
  ...(totals === 'bySlice' && { total: true }),
  layout,
})

/** The gradient of weights, one set a query head for all batch items. */
function totalOf({ weight, count, width }: GivenRows, totals: Totals): Total {
  return {
    totals,
    out: `d${weight}`,
    name: `${weight}_gradient`,
    // Weights may be longer than the call's rows: `capacity` says for how many rows there are some.
    extent: [width === 'keyRows' ? 'capacity' : width, count, 'heads'],
    what: weight,
  }
}

/** The gradients of the weights, from what the steps of an attention send back to each. */
export function weightGradients(
  attention: Attention,
  totals: Totals,
  contributionsTo: (weight: GivenRows) => readonly Contribution[],
): { readonly begin: readonly EquationPass[]; readonly add: Plan } {
  const all = givenRowsOf(attention).map((weight) => ({ weight, total: totalOf(weight, totals) }))
  return {
    begin: all.map(({ total }) => beginTotal(total)),
    add: {
      passes: all.flatMap(({ weight, total }) =>
        contributionsTo(weight).map((one, n) => addToTotal(total, ofSlice(one), n)),
      ),
      buffers: all.map(({ weight: { count, width }, total }) =>
        totalBuffer(total, `like the weight: [H, ${count}, ${width === 'keyRows' ? 'P' : width}]`),
      ),
    },
  }
}

/** A contribution to the cell of a weight, of all batch items that the slice has of the head. */
function ofSlice({ over, entry }: Contribution): Formula {
  const at = (place: Formula): Formula =>
    entry(headAt('kvHeads', over, place, { lengths: over !== 'head' }), y, x)
  return over === 'head' ? at(z) : overItems(z, at)
}
