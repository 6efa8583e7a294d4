/** The pairs of places that meet, and what they give to the rows of both sides, in each round. */
import { constant, multiply } from '../../symbolic/build.ts'
import { differentiateApart } from '../../symbolic/differentiate.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { simplify } from '../../symbolic/simplify.ts'
import { largestExponent } from '../../symbolic/single.ts'
import { queryRows, valueRows } from '../buffers.ts'
import {
  add,
  choose,
  eq,
  load,
  lt,
  mul,
  named,
  ne,
  powerOfTwo,
  real,
  size,
  smaller,
  sub,
  sum,
  x,
  y,
  z,
} from '../equation/build.ts'
import { entryOf } from '../equation/heads.ts'
import type { Head } from '../equation/heads.ts'
import { equationPass, scratch, writing } from '../equation/plan.ts'
import type { Plan } from '../equation/plan.ts'
import type { Formula } from '../equation.ts'
import { self } from '../strategies/near.ts'
import {
  both,
  evaluatePair,
  factors,
  isShown,
  keysOf,
  ofPlaces,
  orderOf,
  pairAt,
  queriesOf,
} from './near-plan.ts'
import type { NearPlan, Order } from './near-plan.ts'

/** A summand of ∂κ over its exponential: weight · slope, at each entry of a row. */
interface NearSlope {
  readonly own: 'q' | 'k'
  readonly weight: Expression
  readonly slope: Expression
}

/** All passes of pairs: what they weigh, their cotangents times the weight of each slope, and the sums over both. */
export function pairPasses(plan: NearPlan): Plan {
  const { kernel } = plan
  const slopes = (['q', 'k'] as const).flatMap((own) =>
    differentiateApart(kernel.coefficient, kernel.exponent, own).flatMap((one): readonly NearSlope[] =>
      one.kind === 'slope' ? [{ own, weight: one.weight, slope: one.slope }] : [],
    ),
  )
  const plans = [
    weightsOfPairs(plan),
    valueGradients(plan),
    ...slopes.map((slope, n) => cotangentsOfPairs(plan, slope, n)),
    ...(['q', 'k'] as const).map((own) => slopeSums(plan, own, slopes)),
  ]
  return {
    passes: plans.flatMap(({ passes }) => passes),
    buffers: plans.flatMap(({ buffers }) => buffers),
  }
}

/** The pair of the cell (key, place, round of a head). */
interface Pair {
  readonly head: Head
  readonly row: Formula
  readonly key: Formula
  readonly meets: Formula
}

function pairOfCell(plan: NearPlan): Pair {
  const { head, count, own, rowAt } = orderOf(plan)
  const { first, met } = keysOf(plan, y, count)
  const key = named('key', rowAt(smaller(add(first, x), sub(size('length'), 1))))
  return {
    head,
    row: own,
    key,
    meets: both(lt(y, count), lt(x, met), isShown(plan.attention.mask, own, key, count)),
  }
}

/** A number of the row that `row_factors` leaves. */
const ofRow = (head: Head, row: Formula, which: number): Formula =>
  load('rowFactors', add(mul(add(mul(head.at, size('length')), row), factors), which))

/** 2^exponent over the row's scale and denominator. */
const share = (head: Head, row: Formula, exponent: Formula): Formula =>
  mul(powerOfTwo(smaller(sub(exponent, ofRow(head, row, 0)), largestExponent)), ofRow(head, row, 1))

/** The exponent of κ in base 2, and its coefficient, where it has them. */
const exponentOf = ({ kernel: { exponent } }: NearPlan): Expression =>
  exponent === undefined ? constant(0) : simplify(multiply(constant(1 / Math.LN2), exponent))

const layoutOf = ({ step: { chunk } }: NearPlan): string => `per query head, round and place: [${2 * chunk}]`

function weightsOfPairs(plan: NearPlan): Plan {
  const { kernel, step } = plan
  const { head, row, key, meets } = pairOfCell(plan)
  const [exponent, coefficient] = evaluatePair(plan, head, { row, key }, [
    exponentOf(plan),
    kernel.coefficient,
  ])
  const weight = mul(share(head, row, exponent ?? real(0)), coefficient ?? real(1))
  return writing(
    {
      name: 'pair_weights',
      extent: ofPlaces(2 * step.chunk, plan),
      value: choose(meets, choose(eq(row, key), share(head, row, real(self)), weight), 0),
      out: 'pairWeights',
      what: 'what each pair that meets in a round weighs in the result of its row',
    },
    layoutOf(plan),
  )
}

const pairsOf = (n: number): string => `pairCotangents${n || ''}`

function cotangentsOfPairs(plan: NearPlan, { weight }: NearSlope, n: number): Plan {
  const { attention, step } = plan
  const { valueDim } = attention
  const { head, row, key, meets } = pairOfCell(plan)
  const along = sum('t', valueDim, (t) =>
    mul(
      load('dout', entryOf({ ...queryRows, buffer: 'dout' }, head, row, valueDim, t)),
      load('v', entryOf(valueRows, head, key, valueDim, t)),
    ),
  )
  const [exponent, factor] = evaluatePair(plan, head, { row, key }, [exponentOf(plan), weight])
  const cotangent = mul(share(head, row, exponent ?? real(0)), sub(along, ofRow(head, row, 2)))
  return writing(
    {
      name: `pair_cotangents${n || ''}`,
      extent: ofPlaces(2 * step.chunk, plan),
      value: choose(both(meets, ne(row, key)), mul(cotangent, factor ?? real(1)), 0),
      out: pairsOf(n),
      what: 'the gradient of κ of each pair that meets in a round, times what a derivative of κ weighs',
    },
    layoutOf(plan),
  )
}

/** Σ over the query places that meet the place of the cell, of a number of the pair. */
function overQueries(
  plan: NearPlan,
  { count, rowAt }: Order,
  pairs: string,
  of: (row: Formula) => Formula,
): Formula {
  const { first, met } = queriesOf(plan, y, count)
  return sum('r', met, (r) => {
    const place = named('place', add(first, r))
    return mul(
      load(pairs, pairAt(plan, place, sub(y, keysOf(plan, place, count).first))),
      of(named('other', rowAt(place))),
    )
  })
}

/** Index of the row of the cell's place, in buffers of rows of each round. */
const placeOfRow = (own: Formula, columns: number): Formula =>
  add(mul(add(mul(z, size('length')), own), columns), x)

function valueGradients(plan: NearPlan): Plan {
  const { valueDim } = plan.attention
  const order = orderOf(plan)
  const { head, count, own } = order
  const extent = ofPlaces(valueDim, plan)
  const value = overQueries(plan, order, 'pairWeights', (row) =>
    load('dout', entryOf({ ...queryRows, buffer: 'dout' }, head, row, valueDim, x)),
  )
  return {
    passes: [
      equationPass({
        name: 'near_value_gradients',
        extent,
        value: choose(lt(y, count), value, 0),
        out: 'nearValueGradients',
        place: placeOfRow(own, valueDim),
        what: 'Σ weight · cotangent over the rows that meet each row in a round',
      }),
    ],
    buffers: [scratch('nearValueGradients', extent, `per query head, round and row: [${valueDim}]`)],
  }
}

/** Σ weight · slope of the rows that meet a row, one slope after the other. */
function slopeSums(plan: NearPlan, own: 'q' | 'k', slopes: readonly NearSlope[]): Plan {
  const { dim } = plan.attention
  const out = own === 'q' ? 'nearQuerySlopes' : 'nearKeySlopes'
  const extent = ofPlaces(dim, plan)
  const order = orderOf(plan)
  const { head, count } = order
  const place = placeOfRow(order.own, dim)
  const ofSlope = ({ slope }: NearSlope, n: number): Formula => {
    const at = (row: Formula, key: Formula): Formula =>
      evaluatePair(plan, head, { row, key, entry: x }, [slope])[0] ?? real(0)
    if (own === 'k') return overQueries(plan, order, pairsOf(n), (row) => at(row, order.own))
    const { first, met } = keysOf(plan, y, count)
    return sum('r', met, (r) =>
      mul(load(pairsOf(n), pairAt(plan, y, r)), at(order.own, named('other', order.rowAt(add(first, r))))),
    )
  }
  const all = slopes.flatMap((slope, n) => (slope.own === own ? [{ slope, n }] : []))
  const word = own === 'q' ? 'query' : 'key'
  const passOf = (value: Formula, n: number) =>
    equationPass({
      name: `near_${word}_slopes${n || ''}`,
      extent,
      value: choose(lt(y, count), n === 0 ? value : add(load(out, place), value), 0),
      out,
      place,
      what: `the gradient of each row as a ${word}, from the rows that it meets in a round`,
    })
  return {
    passes:
      all.length === 0 ? [passOf(real(0), 0)] : all.map(({ slope, n }, at) => passOf(ofSlope(slope, n), at)),
    buffers: [scratch(out, extent, `per query head, round and row: [${dim}]`)],
  }
}
