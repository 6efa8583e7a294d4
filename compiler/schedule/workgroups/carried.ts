/**
 * The state that decoding carries, where the passes of a call take plain sums. A feature whose z says that no digits
 * are gone keeps its sums, with log-scale 0. Any other, and there is hardly one, is summed once more, over the
 * exponential of its largest exponent: a step has no keys to compute it anew from.
 */
import { valueRows } from '../buffers.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import {
  add,
  choose,
  ge,
  largest,
  load,
  lt,
  mul,
  named,
  powerOfTwo,
  real,
  select,
  sub,
  sum,
  unlessZero,
  x,
  y,
  z,
} from '../equation/build.ts'
import { entryOf, headAt } from '../equation/heads.ts'
import type { Head } from '../equation/heads.ts'
import { equationPass, scratch } from '../equation/plan.ts'
import type { EquationPass, Formula } from '../equation.ts'
import { evaluateRow, ofBlock } from '../feature-rows.ts'
import { carriedSize, leastWhole, stateSize } from '../schedule.ts'
import type { BufferPlan, ScheduledBlock } from '../schedule.ts'
import type { FactorisedPlan } from './factorised-plan.ts'

/** The plain state after all rows, as *scan* leaves it. */
export function totalBuffer({ attention: { valueDim }, score: { features } }: FactorisedPlan): BufferPlan {
  const numbers = stateSize(features, valueDim, 'plain')
  return scratch(
    'total',
    ['sliceCount', numbers],
    `per group: S [${features} × ${valueDim}], z [${features}]`,
  )
}

/** Writes `carried`, scaled, from `total`, plain. Cells have x: column of S, then z, then log-scale; y: feature; z: group. */
export function carryPass(plan: FactorisedPlan): EquationPass {
  const { valueDim } = plan.attention
  const { features } = plan.score
  const head = headAt('kvHeads', 'sliceKeyHead', z, { lengths: true })
  const feature = keyFeature(plan, head)
  // S row by row, then z and the log-scales, each in one row.
  const place = named('place', select(lt(x, valueDim), add(mul(y, valueDim), x), add(mul(x, features), y)))
  const total = (at: Formula): Formula =>
    load('total', add(mul(z, stateSize(features, valueDim, 'plain')), at))
  const valueOf = (row: Formula): Formula => load('v', entryOf(valueRows, head, row, valueDim, x))
  const scale = named(
    'scale',
    largest('r', head.visible, (row) => feature(row).exponent),
  )
  const weight = (row: Formula): Formula => {
    const { exponent, coefficient } = feature(row)
    return mul(coefficient, powerOfTwo(sub(exponent, scale)))
  }
  const isSum = lt(x, valueDim + 1)
  return equationPass({
    name: 'carry',
    extent: [valueDim + 2, features, 'sliceCount'],
    value: choose(
      ge(total(add(features * valueDim, y)), leastWhole),
      choose(isSum, total(place), 0),
      select(
        isSum,
        sum('r', head.visible, (row) => mul(weight(row), choose(lt(x, valueDim), valueOf(row), 1))),
        scale,
      ),
    ),
    out: 'carried',
    place: add(mul(head.group, carriedSize(features, valueDim, 'scaled')), place),
    what: 'the state of all rows, scaled: S, z and log-scales, of which features that lost no digits have 0',
  })
}

/** Exponent and coefficient of the feature `y` of a key row. */
function keyFeature(
  { attention: { dim }, ofCarried: { key } }: FactorisedPlan,
  head: Head,
): (row: Formula) => { readonly exponent: Formula; readonly coefficient: Formula } {
  const parts = (row: Formula, block: ScheduledBlock): readonly [Formula, Formula | undefined] => {
    const { term } = block
    invariant(term.kind === 'scaled', 'what is carried is scaled')
    const { exponent, coefficient } = term
    const [power, factor] = evaluateRow(
      { side: 'key', head, row, dim, maxima: false },
      block,
      named('component', sub(y, block.start)),
      coefficient === undefined ? [exponent] : [exponent, coefficient],
    )
    invariant(power !== undefined, 'an expression has a value')
    return [power, factor]
  }
  return (row) => ({
    exponent: ofBlock(key.blocks, y, (block) => unlessZero(...parts(row, block))),
    coefficient: ofBlock(key.blocks, y, (block) => parts(row, block)[1] ?? real(1)),
  })
}
