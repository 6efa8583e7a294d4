/**
 * States of a factorised attention in cells, and where their numbers lie. A state is the scale of each feature and, over
 * its exponential, the sums of all columns. Scales and sums are as of the state's last visible row: all rows up to it
 * have acted on them.
 */
import { product } from '../buffers.ts'
import { add, div, load, mul, named, powerOf, size, sub, x, y, z } from '../equation/build.ts'
import { headAt } from '../equation/heads.ts'
import type { Head } from '../equation/heads.ts'
import type { Formula } from '../equation.ts'
import type { Size } from '../../../runtime/contract/size.ts'
import type { Cell, FactorisedPlan, StateFormulas } from './plan.ts'
import { equationPass, scratch } from '../equation/plan.ts'
import type { Plan } from '../equation/plan.ts'

/** States of one kind: how many a group has, and what the scale and the sums of one are. */
export interface States extends StateFormulas {
  readonly name: string
  readonly buffer: string
  readonly count: Size
  readonly layout: string
  readonly what: string
  /** What rows weigh over the scales of their states, if sums are scaled: once for all columns. */
  readonly weights?: Plan
}

/** The pass of the scales, if sums are scaled, and that of the sums. */
export function statesOf(plan: FactorisedPlan, states: States): Plan {
  const { scaling, features, attention, groups } = plan
  const { name, buffer, count, layout, what } = states
  const scaled = scaling === 'scaled'
  const columns = attention.valueDim + 1
  const headOf = (group: Formula): Head => headAt(groups, 'sliceKeyHead', group, { lengths: true })
  const perGroup = named('states', size(count))
  const group = count === 1 ? z : named('groupInSlice', div(z, perGroup))
  const state = count === 1 ? size(0) : named('state', sub(z, mul(group, perGroup)))
  const own = scaled ? named('scale', load(`${buffer}Scales`, add(mul(z, features), y))) : undefined
  const ofScales = { feature: x, state: y, group: z, head: headOf(z) }
  const ofSums = { feature: y, state, group, head: headOf(group) }
  const scaleBox = [features, count, 'sliceCount'] as const
  const sumBox = [columns, features, product(count, 'sliceCount')] as const
  return {
    passes: [
      ...(scaled
        ? [
            equationPass({
              name: `${name}_scales`,
              extent: scaleBox,
              value: states.scale(ofScales),
              out: `${buffer}Scales`,
              what: `the largest exponent of each feature ${what}`,
            }),
            ...(states.weights?.passes ?? []),
          ]
        : []),
      equationPass({
        name: `${name}_sums`,
        extent: sumBox,
        value: states.sum(ofSums, own),
        out: `${buffer}Sums`,
        what: `S and z ${what}`,
      }),
    ],
    buffers: [
      ...(scaled
        ? [
            scratch(`${buffer}Scales`, scaleBox, `${layout}: [${features}]`),
            ...(states.weights?.buffers ?? []),
          ]
        : []),
      scratch(`${buffer}Sums`, sumBox, `${layout}: [${features} × ${columns}], S and last z`),
    ],
  }
}

/** Index of a feature among the scales of states. */
export const scaleAt = ({ features }: FactorisedPlan, state: Formula, feature: Formula): Formula =>
  add(mul(state, features), feature)

/** Index of a column of a feature among the sums of states; the last column is z. */
export const sumAt = (
  { features, attention }: FactorisedPlan,
  state: Formula,
  feature: Formula,
  column: Formula,
): Formula => add(mul(add(mul(state, features), feature), attention.valueDim + 1), column)

/** What each row weighs in the state of its chunk, [heads, rows, features], in the buffer `…Weights`. */
export function rowWeights(
  plan: FactorisedPlan,
  of: {
    readonly buffer: string
    readonly rows: 'length' | 'keyLength'
    readonly heads: Size
    /** The state of the row y. */
    readonly cell: Cell
    /** Of the row y as of the state. */
    readonly exponent: (cell: Cell) => Formula
    readonly coefficient: Formula | undefined
    readonly what: string
  },
): Plan {
  const { buffer, rows, heads, cell, exponent, coefficient, what } = of
  const state = add(mul(cell.group, size('chunks')), cell.state)
  const scale = named('scale', load(`${buffer}Scales`, scaleAt(plan, state, cell.feature)))
  const power = powerOf(exponent(cell), scale)
  const extent = [plan.features, rows, heads] as const
  return {
    passes: [
      equationPass({
        name: `${buffer === 'chunk' ? 'chunk' : 'rows'}_weights`,
        extent,
        value: coefficient === undefined ? power : mul(coefficient, power),
        out: `${buffer}Weights`,
        what: `what each component of φ of a ${what} weighs in the state of its chunk`,
      }),
    ],
    buffers: [scratch(`${buffer}Weights`, extent, `per head and row: [${plan.features}]`)],
  }
}
