/**
 * From cotangents of the components of φ to those of the row that φ is of: dx = Σ_c (∂φ_c/∂x)ᵀ u_c.
 *
 * A component is coefficient · exp(exponent), and u_c has the exponential in it, so that what remains is a derivative
 * without one: ∂coefficient + coefficient · ∂exponent. Of its summands (`symbolic/differentiate.ts`) the weights are
 * one number a component: they are multiplied to u_c before entries are looked at, so that a row costs one product
 * for each component and entry.
 */
import { constant, multiply } from '../../symbolic/build.ts'
import { differentiate, partOfPair } from '../../symbolic/differentiate.ts'
import type { Contribution } from '../../symbolic/differentiate.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { simplify } from '../../symbolic/simplify.ts'
import { mentions } from '../../symbolic/traverse.ts'
import { add, choose, eq, load, lt, mul, named, real, size, sub, sum, x, y, z } from '../equation/build.ts'
import { headAt } from '../equation/heads.ts'
import { equationPass, scratch } from '../equation/plan.ts'
import type { Plan } from '../equation/plan.ts'
import type { Formula } from '../equation.ts'
import { evaluateRow, ofBlock } from '../feature-rows.ts'
import type { FeatureRow } from '../feature-rows.ts'
import type { Features, ScheduledBlock } from '../schedule.ts'
import { featureAt } from '../cells/plan.ts'
import type { FactorisedPlan } from '../cells/plan.ts'

type Slope = Extract<Contribution, { kind: 'slope' }>
type Place = Extract<Contribution, { kind: 'place' }>

/** A block of φ with the summands of its derivative by the row. */
interface DerivedBlock {
  readonly block: ScheduledBlock
  readonly slopes: readonly Slope[]
  readonly places: readonly Place[]
}

/** The row of a cell, and the index of its first component in buffers of components. */
export interface PulledRow {
  readonly row: FeatureRow
  /** The place of its head among those that have components. */
  readonly at: Formula
  readonly rows: Formula
}

/** The passes that multiply weights to cotangents, and the formula of an entry of a row's cotangent. */
export interface Pull extends Plan {
  readonly entry: (of: PulledRow, entry: Formula) => Formula
}

/** The derivative of what is left of a component beside its exponential. */
function deriveBlock(block: ScheduledBlock): DerivedBlock {
  const { term } = block
  const of = (expression: Expression): readonly Contribution[] => differentiate(expression, 'x')
  const coefficient = term.kind === 'plain' ? undefined : (term.coefficient ?? constant(1))
  const all =
    term.kind === 'plain' || coefficient === undefined
      ? of(term.kind === 'plain' ? term.value : term.exponent)
      : [
          ...of(coefficient),
          ...of(term.exponent).map((one) => ({
            ...one,
            weight: simplify(multiply(coefficient, one.weight)),
          })),
        ]
  return {
    block,
    slopes: all.filter((one) => one.kind === 'slope'),
    places: all.filter((one) => one.kind === 'place'),
  }
}

/**
 * @param cotangents the buffer of u_c, [heads, rows, features]
 * @param prefix of the names of passes and buffers
 */
export function pull(plan: FactorisedPlan, features: Features, cotangents: string, maxima: boolean): Pull {
  const blocks = features.blocks.map(deriveBlock)
  const most = Math.max(0, ...blocks.map(({ slopes }) => slopes.length))
  const weighted = Array.from({ length: most }, (_, n) =>
    weightedPass(plan, features, blocks, n, { cotangents, maxima }),
  )
  const bufferOf = (n: number): string => weighted[n]?.buffers[0]?.name ?? cotangents
  return {
    passes: weighted.flatMap(({ passes }) => passes),
    buffers: weighted.flatMap(({ buffers }) => buffers),
    entry: (of, entry) =>
      blocks
        .flatMap((block) => [
          ...block.slopes.map((slope, n) => ofSlope(plan, of, block.block, slope, bufferOf(n), entry)),
          ...block.places.map((place) => ofPlace(plan, of, block.block, place, cotangents, entry)),
        ])
        .reduce<Formula | undefined>(
          (total, one) => (total === undefined ? one : add(total, one)),
          undefined,
        ) ?? real(0),
  }
}

/** The cotangents times the weights of the n-th slope of each block; none where all of these are 1. */
function weightedPass(
  plan: FactorisedPlan,
  { side }: Features,
  blocks: readonly DerivedBlock[],
  n: number,
  { cotangents, maxima }: { readonly cotangents: string; readonly maxima: boolean },
): Plan {
  const weightOf = (block: ScheduledBlock): Expression | undefined =>
    blocks.find((one) => one.block === block)?.slopes[n]?.weight
  if (blocks.every(({ slopes }) => slopes[n] === undefined || isOne(slopes[n].weight)))
    return { passes: [], buffers: [] }
  const queries = side === 'query'
  const head = headAt(plan.groups, queries ? 'sliceQueryHead' : 'sliceKeyHead', z, { lengths: true })
  const rows = size(queries ? 'length' : 'keyLength')
  const row: FeatureRow = { side, head, row: y, dim: plan.attention.dim, maxima }
  const extent = [
    plan.features,
    queries ? 'length' : 'keyLength',
    queries ? plan.heads : 'sliceCount',
  ] as const
  const out = `${side}Weighted${n || ''}`
  const value = ofBlock(
    blocks.map(({ block }) => block),
    x,
    (block) => {
      const weight = weightOf(block)
      if (weight === undefined) return real(0)
      const component = named('component', sub(x, block.start))
      const [factor] = evaluateRow(row, block, component, [weight])
      return mul(load(cotangents, featureAt(plan, z, rows, y, x)), factor ?? real(1))
    },
  )
  return {
    passes: [
      equationPass({
        name: `weigh_${side}_cotangents${n || ''}`,
        extent,
        value: queries ? value : choose(lt(y, head.visible), value, 0),
        out,
        what: `cotangents of φ of each ${side} row, times what a sum over entries weighs in it`,
      }),
    ],
    buffers: [scratch(out, extent, `per head and row: [${plan.features}]`)],
  }
}

/** Σ_c u_c · slope at the entry. */
function ofSlope(
  plan: FactorisedPlan,
  of: PulledRow,
  block: ScheduledBlock,
  { slope }: Slope,
  buffer: string,
  entry: Formula,
): Formula {
  const slopeAt = (component: Formula): Formula =>
    evaluateRow(of.row, block, component, [slope], entry)[0] as Formula
  const cotangent = (component: Formula): Formula => cotangentOf(plan, of, buffer, block, component)
  const seesComponent = mentions(slope, 'w') || mentions(slope, 'component')
  if (!seesComponent) return mul(sum('c', block.size, cotangent), slopeAt(size(0)))
  return sum('c', block.size, (c) => mul(cotangent(c), slopeAt(c)))
}

/** Σ of u_c · weight over the components whose place is the entry. */
function ofPlace(
  plan: FactorisedPlan,
  of: PulledRow,
  block: ScheduledBlock,
  { weight, at }: Place,
  buffer: string,
  entry: Formula,
): Formula {
  const one = (component: Formula): Formula =>
    mul(
      cotangentOf(plan, of, buffer, block, component),
      evaluateRow(of.row, block, component, [weight])[0] as Formula,
    )
  if (at.kind === 'constant') return choose(eq(entry, at.value), sum('c', block.size, one), 0)
  const inside = (count: number, value: Formula): Formula =>
    count >= plan.attention.dim ? value : choose(lt(entry, count), value, 0)
  if (at.kind === 'variable') return inside(block.size, one(entry))
  const { divisor, part } = partOfPair(at)
  const others = block.size / divisor
  return part === 'quotient'
    ? inside(
        others,
        sum('c', divisor, (c) => one(add(mul(entry, divisor), c))),
      )
    : inside(
        divisor,
        sum('c', others, (c) => one(add(mul(c, divisor), entry))),
      )
}

const cotangentOf = (
  plan: FactorisedPlan,
  { at, rows, row }: PulledRow,
  buffer: string,
  { start }: ScheduledBlock,
  component: Formula,
): Formula => load(buffer, featureAt(plan, at, rows, row.row, add(component, start)))

const isOne = (weight: Expression): boolean => weight.kind === 'constant' && weight.value === 1
