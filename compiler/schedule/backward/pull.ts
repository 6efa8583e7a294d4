/**
 * From cotangents of the components of φ to those of the row that φ is of: dx = Σ_c (∂φ_c/∂x)ᵀ u_c.
 *
 * A component is coefficient · exp(exponent), and u_c has the exponential in it, so that what remains is a derivative
 * without one: ∂coefficient + coefficient · ∂exponent. Of its summands (`symbolic/differentiate.ts`) the weights are
 * one number a component: they are multiplied to u_c before entries are looked at, so that a row costs one product
 * for each component and entry.
 */
import { differentiate, differentiateApart, partOfPair } from '../../symbolic/differentiate.ts'
import type { Contribution } from '../../symbolic/differentiate.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { mentions } from '../../symbolic/traverse.ts'
import {
  add,
  choose,
  eq,
  load,
  lt,
  mul,
  named,
  over,
  real,
  size,
  sub,
  sum,
  x,
  y,
  z,
} from '../equation/build.ts'
import { headAt } from '../equation/heads.ts'
import { writing } from '../equation/plan.ts'
import type { Plan } from '../equation/plan.ts'
import type { Formula } from '../equation.ts'
import { evaluateRow } from '../feature-rows.ts'
import type { FeatureRow } from '../feature-rows.ts'
import type { Features, ScheduledBlock } from '../schedule.ts'
import { featureAt } from '../cells/plan.ts'
import { knownOf } from '../cells/plan.ts'
import type { FactorisedPlan } from '../cells/plan.ts'

type Slope = Extract<Contribution, { kind: 'slope' }>
type Place = Extract<Contribution, { kind: 'place' }>

/** A block of φ with the summands of its derivative by the row, or by its row of the projection. */
export interface DerivedBlock {
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

/** The pass that multiplies weights to cotangents, and the formula of an entry of a row's cotangent. */
export interface Pull extends Plan {
  readonly entry: (of: PulledRow, entry: Formula) => Formula
}

/** The derivative of a component over its exponential, by its row x or by its projection w. */
export function deriveBlock(block: ScheduledBlock, by: 'x' | 'w'): DerivedBlock {
  const { term } = block
  const all =
    term.kind === 'plain'
      ? differentiate(term.value, by)
      : differentiateApart(term.coefficient, term.exponent, by)
  return {
    block,
    slopes: all.filter((one) => one.kind === 'slope'),
    places: all.filter((one) => one.kind === 'place'),
  }
}

/** Cotangents of components times the weights of one slope, and where they begin in the row of all of them. */
interface Weighted {
  readonly slope: Slope
  readonly block: ScheduledBlock
  readonly start: number
}

/** Cotangents of components: where they lie, and how many a row has. */
export interface Cotangents {
  readonly buffer: string
  readonly width: number
  /** Of the block's first component. */
  readonly start: number
  /** What they are multiplied by where they are read. */
  readonly factor: number
}

/** @param cotangents the buffer of u_c, [heads, rows, features] */
export function pull(plan: FactorisedPlan, features: Features, cotangents: string, maxima: boolean): Pull {
  const blocks = features.blocks.map((block) => deriveBlock(block, 'x'))
  const { ofSlopes, unweighted, ...passes } = weighing(plan, features, blocks, {
    cotangents,
    maxima,
    name: `weigh_${features.side}_cotangents`,
    buffer: `${features.side}Weighted`,
  })
  return {
    ...passes,
    entry: (of, entry) =>
      blocks
        .flatMap(({ block, slopes, places }) => [
          ...ofSlopesTogether(
            of,
            block,
            slopes.map((slope) => ({ slope: slope.slope, cotangents: ofSlopes(slope, block) })),
            entry,
          ),
          ...places.map((place) => ofPlace(plan, of, block, place, unweighted(block), entry)),
        ])
        .reduce<Formula | undefined>(
          (total, one) => (total === undefined ? one : add(total, one)),
          undefined,
        ) ?? real(0),
  }
}

const none: Plan = { passes: [], buffers: [] }

/** Cotangents and maxima that a pass of weights reads, its name, and the buffer that it writes. */
interface Weighing {
  readonly cotangents: string
  readonly maxima: boolean
  readonly name: string
  readonly buffer: string
}

/** Cotangents times the weights of slopes, where these are no constants, and where those of each slope lie. */
export function weighing(
  plan: FactorisedPlan,
  features: Features,
  blocks: readonly DerivedBlock[],
  from: Weighing,
): Plan & {
  readonly ofSlopes: (slope: Slope, block: ScheduledBlock) => Cotangents
  readonly unweighted: (block: ScheduledBlock) => Cotangents
} {
  const { cotangents, buffer } = from
  const weighted = besideEachOther(blocks)
  const width = weighted.reduce((total, { block }) => total + block.size, 0)
  const unweighted = ({ start }: ScheduledBlock): Cotangents => ({
    buffer: cotangents,
    width: plan.features,
    start,
    factor: 1,
  })
  return {
    ...(weighted.length === 0 ? none : weightedPass(plan, features, weighted, from)),
    unweighted,
    ofSlopes: (slope, block) => {
      const own = weighted.find((one) => one.slope === slope)
      if (own !== undefined) return { buffer, width, start: own.start, factor: 1 }
      return { ...unweighted(block), factor: constantOf(slope) ?? 1 }
    },
  }
}

/** The slopes whose weights are no constants, so that a row has the components of each behind those of the one before. */
function besideEachOther(blocks: readonly DerivedBlock[]): readonly Weighted[] {
  let start = 0
  return blocks.flatMap(({ block, slopes }) =>
    slopes
      .filter((slope) => constantOf(slope) === undefined)
      .map((slope) => {
        const own = { slope, block, start }
        start += block.size
        return own
      }),
  )
}

/** The cotangents times the weights of the slopes, in one buffer, since a pass may read few. */
function weightedPass(
  plan: FactorisedPlan,
  { side }: Features,
  weighted: readonly Weighted[],
  { cotangents, maxima, name, buffer }: Weighing,
): Plan {
  const queries = side === 'query'
  const head = headAt(plan.groups, queries ? 'sliceQueryHead' : 'sliceKeyHead', z, knownOf(plan))
  const rows = size(queries ? 'length' : 'keyLength')
  const row: FeatureRow = { side, head, row: y, dim: plan.attention.dim, maxima }
  const width = weighted.reduce((total, { block }) => total + block.size, 0)
  const extent = [width, queries ? 'length' : 'keyLength', queries ? plan.heads : 'sliceCount'] as const
  const value = weighted
    .toReversed()
    .reduce<Formula | undefined>((behind, { block, slope: { weight }, start }) => {
      const component = named('component', sub(x, start))
      const [factor] = evaluateRow(row, block, component, [weight])
      const at = featureAt(plan, z, rows, y, add(component, block.start))
      const own = mul(load(cotangents, at), factor ?? real(1))
      return behind === undefined ? own : choose(lt(x, start + block.size), own, behind)
    }, undefined)
  return writing(
    {
      name,
      extent,
      value: queries ? (value ?? real(0)) : choose(lt(y, head.visible), value ?? real(0), 0),
      out: buffer,
      what: `cotangents of φ of each ${side} row, times what each sum over entries weighs in it`,
    },
    `per head and row: [${width}]`,
  )
}

/** Σ_c u_c · slope at the entry for each slope, in one loop over the components. */
function ofSlopesTogether(
  of: PulledRow,
  block: ScheduledBlock,
  slopes: readonly { readonly slope: Expression; readonly cotangents: Cotangents }[],
  entry: Formula,
): readonly Formula[] {
  if (slopes.length === 0) return []
  const slopeAt = (slope: Expression, component: Formula): Formula =>
    evaluateRow(of.row, block, component, [slope], entry)[0] as Formula
  const seesComponent = (slope: Expression): boolean => mentions(slope, 'w') || mentions(slope, 'component')
  const totals = over('c', block.size, (c) => {
    const known = new Map<string, Formula>()
    return slopes.map(({ slope, cotangents }) => {
      const key = `${cotangents.buffer} ${cotangents.start}`
      const cotangent = known.get(key) ?? named('cotangent', cotangentOf(of, { ...cotangents, factor: 1 }, c))
      known.set(key, cotangent)
      const value = seesComponent(slope) ? mul(cotangent, slopeAt(slope, c)) : cotangent
      return { name: 'sum', operator: 'sum', value }
    })
  })
  return slopes.map(({ slope, cotangents: { factor } }, which) => {
    const total = totals[which] ?? real(0)
    const whole = seesComponent(slope) ? total : mul(total, slopeAt(slope, size(0)))
    return factor === 1 ? whole : mul(whole, real(factor))
  })
}

/** Σ of u_c · weight over the components whose place is the entry. */
function ofPlace(
  plan: FactorisedPlan,
  of: PulledRow,
  block: ScheduledBlock,
  { weight, at }: Place,
  cotangents: Cotangents,
  entry: Formula,
): Formula {
  const one = (component: Formula): Formula =>
    mul(cotangentOf(of, cotangents, component), evaluateRow(of.row, block, component, [weight])[0] as Formula)
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

/** u_c of a row. */
export const cotangentOf = (
  { at, rows, row }: PulledRow,
  { buffer, width, start, factor }: Cotangents,
  component: Formula,
): Formula => {
  const own = load(buffer, add(mul(add(mul(at, rows), row.row), width), add(component, start)))
  return factor === 1 ? own : mul(own, real(factor))
}

const constantOf = ({ weight }: Slope): number | undefined =>
  weight.kind === 'constant' ? weight.value : undefined
