/** Cotangents of the rows of φ, of both sides, and the gradient of the values. */
import { outRows, valueRows } from '../buffers.ts'
import {
  add,
  all,
  before,
  choose,
  div,
  finitePower,
  ge,
  larger,
  load,
  lt,
  mul,
  named,
  powerOf,
  real,
  size,
  smaller,
  sub,
  sum,
  x,
  y,
  z,
} from '../equation/build.ts'
import { entryOf, headAt } from '../equation/heads.ts'
import type { Head } from '../equation/heads.ts'
import { equationPass, scratch, writing } from '../equation/plan.ts'
import type { Plan } from '../equation/plan.ts'
import type { Extent, Formula } from '../equation.ts'
import { lowest } from '../equation.ts'
import { featureAt, knownOf } from '../cells/plan.ts'
import type { FactorisedPlan } from '../cells/plan.ts'
import { rowAhead } from '../cells/folds.ts'
import { scaleAt, sumAt } from '../cells/states.ts'
import type { RelativeRows } from './relative.ts'

const length = size('length')
const keyLength = size('keyLength')

/** Index of a row's cotangents, [query heads, L, valueDim + 1]. */
export const cotangentAt = (
  { attention }: FactorisedPlan,
  head: Formula,
  row: Formula,
  column: Formula,
): Formula => add(mul(add(mul(head, length), row), attention.valueDim + 1), column)

const rowAt = (head: Formula, row: Formula): Formula => add(mul(head, length), row)

/** The cotangents ĝ of each row's numerators, over its scale, and behind them that of its denominator. */
export function rowCotangents({ attention, heads, groups, scaling }: FactorisedPlan): Plan {
  const { valueDim, division } = attention
  const head = headAt(groups, 'sliceQueryHead', z)
  const divides = scaling === 'scaled' || division.kind === 'sum'
  const given = (column: Formula): Formula => load('dout', entryOf(outRows, head, y, valueDim, column))
  const computed = (column: Formula): Formula => load('rows', add(mul(rowAt(z, y), valueDim), column))
  const factor = (of: Formula): Formula => (divides ? mul(of, load('rowFactors', rowAt(z, y))) : of)
  const total = (): Formula => sum('t', valueDim, (t) => mul(given(t), computed(t)))
  const extent: Extent = [valueDim + 1, 'length', heads]
  return writing(
    {
      name: 'row_cotangents',
      extent,
      value: choose(lt(x, valueDim), factor(given(x)), division.kind === 'sum' ? factor(sub(0, total())) : 0),
      out: 'rowCotangents',
      what: 'the gradients of each row’s numerators, and of its denominator, over the row’s scale',
    },
    `per query head and row: [${valueDim} + 1]`,
  )
}

/** The chunk of a row: its number, its first row, and the row's place in it. */
function chunkOf({ rowsOfChunk }: FactorisedPlan, row: Formula) {
  const number = named('chunk', div(row, rowsOfChunk))
  const first = named('firstRow', mul(number, rowsOfChunk))
  return { number, first, place: named('place', sub(row, first)) }
}

/** ĝ_i · v̂_j of each row and the keys of its chunk up to its own. */
function nearCotangents(plan: FactorisedPlan): Plan {
  const { rowsOfChunk, attention, heads } = plan
  const { valueDim } = attention
  const head = headAt(plan.groups, 'sliceQueryHead', z, { lengths: true })
  const key = named('key', add(chunkOf(plan, y).first, x))
  const extent: Extent = [rowsOfChunk, 'length', heads]
  const product = sum('t', valueDim, (t) =>
    mul(
      load('rowCotangents', cotangentAt(plan, z, y, t)),
      load('v', entryOf(valueRows, head, key, valueDim, t)),
    ),
  )
  const whole = add(product, load('rowCotangents', cotangentAt(plan, z, y, size(valueDim))))
  return writing(
    {
      name: 'near_cotangents',
      extent,
      value: choose(all(ge(y, key), lt(key, head.visible)), whole, 0),
      out: 'nearCotangents',
      what: 'the gradient of the weight of each row and the keys of its chunk up to its own',
    },
    `per query head and row: [${rowsOfChunk}]`,
  )
}

const nearAt = ({ rowsOfChunk }: FactorisedPlan, head: Formula, row: Formula, place: Formula): Formula =>
  add(mul(rowAt(head, row), rowsOfChunk), place)

/** u of each query row: of the state that it reads, and of the keys of its chunk. */
export function queryCotangents(plan: FactorisedPlan, relative: RelativeRows): Plan {
  const { features, heads, causal } = plan
  const extent: Extent = [features, 'length', heads]
  const layout = `per query head and row: [${features}]`
  const ofState = equationPass({
    name: 'state_cotangents',
    extent,
    value: ofReadState(plan, relative),
    out: causal ? 'stateCotangents' : 'queryCotangents',
    what: 'the gradient of φ of each query row through the state that it reads',
  })
  const buffers = [scratch('queryCotangents', extent, layout)]
  if (!causal) return { passes: [ofState], buffers }
  const near = nearCotangents(plan)
  return {
    passes: [
      ...near.passes,
      ofState,
      equationPass({
        name: 'query_cotangents',
        extent,
        value: add(load('stateCotangents', featureAt(plan, z, length, y, x)), ofNearKeys(plan, relative)),
        out: 'queryCotangents',
        what: 'the same with the keys of its chunk up to its own',
      }),
    ],
    buffers: [...near.buffers, scratch('stateCotangents', extent, layout), ...buffers],
  }
}

/** exp(exponent) · S_c ĝ, of the state that the row (y, z) reads. */
function ofReadState(plan: FactorisedPlan, relative: RelativeRows): Formula {
  const { attention, causal, scaling, action } = plan
  const head = headAt(plan.groups, 'sliceQueryHead', z, { lengths: true })
  const { number, first } = chunkOf(plan, y)
  const state = causal ? named('state', add(mul(head.sliceGroup, size('chunks')), number)) : head.sliceGroup
  const since = action(head, sub(add(y, 1), smaller(causal ? first : add(y, 1), head.visible)))
  const read = sum('t', attention.valueDim + 1, (t) =>
    mul(load('stateSums', sumAt(plan, state, x, t)), load('rowCotangents', cotangentAt(plan, z, y, t))),
  )
  if (scaling === 'plain') return since.shrink(read)
  const scale = load('stateScales', scaleAt(plan, state, x))
  const exponent = since.lower(add(load(relative.ofQueries, featureAt(plan, z, length, y, x)), scale))
  return mul(powerOf(exponent, real(0)), read)
}

/** Σ over the keys j of the chunk up to the row: φ(k_j) ĝ · v̂_j, times the exponential of the row's component. */
function ofNearKeys(plan: FactorisedPlan, relative: RelativeRows): Formula {
  const { rowsOfChunk, scaling, action, keyCoefficients } = plan
  const head = headAt(plan.groups, 'sliceQueryHead', z)
  const { first } = chunkOf(plan, y)
  // All of the chunk, for rows side by side alike: those behind the row have cotangents of 0.
  const keys = named('keys', before(first, keyLength, rowsOfChunk))
  return sum('r', keys, (r) => {
    const key = add(first, r)
    const at = featureAt(plan, head.sliceGroup, keyLength, key, x)
    const since = action(head, sub(y, key))
    const cotangent = load('nearCotangents', nearAt(plan, z, y, r))
    if (scaling === 'plain') return mul(since.shrink(load('keyFeatures', at)), cotangent)
    const exponent = add(load(relative.ofQueries, featureAt(plan, z, length, y, x)), load('keyExponents', at))
    const weight = mul(powerOf(since.lower(exponent), real(0)), cotangent)
    return keyCoefficients ? mul(weight, load('keyCoefficients', at)) : weight
  })
}

/** Query heads of a group. */
const members = ({ groups }: FactorisedPlan): Formula =>
  groups === 'heads' ? size(1) : named('members', size(['ceildiv', 'heads', 'kvHeads']))

/** Σ over the query heads of a group. */
export const overMembers = (
  plan: FactorisedPlan,
  group: Formula,
  of: (queryHead: Formula) => Formula,
): Formula =>
  plan.groups === 'heads'
    ? of(group)
    : sum('member', members(plan), (member) => of(add(mul(group, members(plan)), member)))

/** Σ over the query rows of the chunk of key row `key`; those before it have weights and cotangents of 0. */
const overRowsAfter = (plan: FactorisedPlan, key: Formula, of: (row: Formula) => Formula): Formula => {
  const { first } = chunkOf(plan, key)
  const rows = named('rows', before(first, length, plan.rowsOfChunk))
  return sum('r', rows, (r) => of(add(first, r)))
}

/** The state of the rows after the chunk of a key row, and what rows between do. */
function aheadOf(plan: FactorisedPlan, head: Head, group: Formula, key: Formula) {
  const { number, first } = chunkOf(plan, key)
  if (!plan.causal) return { state: group, since: plan.action(head, size(0)) }
  const next = add(first, plan.rowsOfChunk)
  return {
    state: named('state', add(mul(group, size('chunks')), number)),
    since: plan.action(head, sub(rowAhead(plan, head, next), key)),
  }
}

/** u of each key row: of the state of the rows after its chunk, and of the rows of its chunk from it on. */
export function keyCotangents(plan: FactorisedPlan, relative: RelativeRows): Plan {
  const { features, causal } = plan
  const extent: Extent = [features, 'keyLength', 'sliceCount']
  const layout = `per group and row: [${features}]`
  const head = headAt(plan.groups, 'sliceKeyHead', z, { lengths: true })
  const weights = equationPass({
    name: 'key_weights',
    extent,
    value: choose(lt(y, head.visible), keyWeight(plan, head, 'keyExponents', true), 0),
    out: 'keyWeights',
    what: 'what each component of φ(k) weighs in the state of the rows after it',
  })
  const ofState = equationPass({
    name: 'ahead_cotangents',
    extent,
    value: choose(lt(y, head.visible), ofAhead(plan, head, relative), 0),
    out: causal ? 'aheadCotangents' : 'keyCotangents',
    what: 'the gradient of φ of each key row through the rows after its chunk',
  })
  const buffers = [scratch('keyWeights', extent, layout), scratch('keyCotangents', extent, layout)]
  if (!causal) return { passes: [weights, ofState], buffers }
  return {
    passes: [
      weights,
      ofState,
      equationPass({
        name: 'key_cotangents',
        extent,
        value: add(load('aheadCotangents', featureAt(plan, z, keyLength, y, x)), ofNearRows(plan, relative)),
        out: 'keyCotangents',
        what: 'the same with the rows of its chunk from it on',
      }),
    ],
    buffers: [...buffers, scratch('aheadCotangents', extent, layout)],
  }
}

/** φ(k) over the scale of the state of the rows after it: the exponential alone, or with the coefficient. */
function keyWeight(plan: FactorisedPlan, head: Head, exponents: string, whole: boolean): Formula {
  const { state, since } = aheadOf(plan, head, z, y)
  const at = featureAt(plan, z, keyLength, y, x)
  if (plan.scaling === 'plain') return since.shrink(whole ? load('keyFeatures', at) : real(1))
  const exponent = since.lower(add(load(exponents, at), load('aheadScales', scaleAt(plan, state, x))))
  // Cotangents that are given may be of any size.
  const power = plan.ends ? finitePower(larger(exponent, lowest)) : powerOf(exponent, real(0))
  return whole && plan.keyCoefficients ? mul(load('keyCoefficients', at), power) : power
}

function ofAhead(plan: FactorisedPlan, head: Head, relative: RelativeRows): Formula {
  const { valueDim } = plan.attention
  const { state } = aheadOf(plan, head, z, y)
  const value = (t: Formula): Formula => load('v', entryOf(valueRows, head, y, valueDim, t))
  const read = add(
    sum('t', valueDim, (t) => mul(load('aheadSums', sumAt(plan, state, x, t)), value(t))),
    load('aheadSums', sumAt(plan, state, x, size(valueDim))),
  )
  return mul(read, keyWeight(plan, head, relative.ofKeys, false))
}

function ofNearRows(plan: FactorisedPlan, relative: RelativeRows): Formula {
  const { scaling, action, queryCoefficients } = plan
  const head = headAt(plan.groups, 'sliceKeyHead', z)
  const { place } = chunkOf(plan, y)
  return overMembers(plan, z, (queryHead) =>
    overRowsAfter(plan, y, (row) => {
      const at = featureAt(plan, queryHead, length, row, x)
      const since = action(head, sub(row, y))
      const cotangent = load('nearCotangents', nearAt(plan, queryHead, row, place))
      if (scaling === 'plain') return mul(since.shrink(load('queryFeatures', at)), cotangent)
      const exponent = add(
        load(relative.queries, at),
        load(relative.ofKeys, featureAt(plan, z, keyLength, y, x)),
      )
      const weight = mul(powerOf(since.lower(exponent), real(0)), cotangent)
      return queryCoefficients ? mul(weight, load('queryCoefficients', at)) : weight
    }),
  )
}

/** Groups of a key/value head of a cell, of which there is one unless each query head has its own. */
export const overGroups = (
  { groups }: FactorisedPlan,
  keyHead: Formula,
  of: (group: Formula) => Formula,
): Formula => {
  if (groups === 'kvHeads') return of(keyHead)
  const count = named('groupsOfHead', size(['ceildiv', 'heads', 'kvHeads']))
  return sum('which', count, (which) => of(add(mul(keyHead, count), which)))
}

/** Key/value heads of the slice. */
export const keyHeads = ({ groups }: FactorisedPlan): Extent[2] =>
  groups === 'kvHeads' ? 'sliceCount' : ['ceildiv', ['*', 'sliceCount', 'kvHeads'], 'heads']

/** The head of a cell of a key/value head, by its first group. */
export function keyHeadAt(plan: FactorisedPlan, place: Formula): Head {
  const first =
    plan.groups === 'kvHeads'
      ? place
      : mul(place, named('groupsOfHead', size(['ceildiv', 'heads', 'kvHeads'])))
  return headAt(plan.groups, 'sliceKeyHead', first, knownOf(plan))
}

/** dv: what the rows after a key weigh it, times their cotangents. */
export function valueGradient(plan: FactorisedPlan): Plan {
  const { attention, features, causal } = plan
  const { valueDim } = attention
  const head = keyHeadAt(plan, z)
  const ofGroup = (group: Formula): Formula => {
    const { state } = aheadOf(plan, head, group, y)
    const ahead = sum('f', features, (f) =>
      mul(
        load('keyWeights', featureAt(plan, group, keyLength, y, f)),
        load('aheadSums', sumAt(plan, state, f, x)),
      ),
    )
    if (!causal) return ahead
    const { place } = chunkOf(plan, y)
    const near = overMembers(plan, group, (queryHead) =>
      overRowsAfter(plan, y, (row) =>
        mul(
          load('nearWeights', nearAt(plan, queryHead, row, place)),
          load('rowCotangents', cotangentAt(plan, queryHead, row, x)),
        ),
      ),
    )
    return add(ahead, near)
  }
  return {
    passes: [
      equationPass({
        name: 'value_gradient',
        extent: [valueDim, 'keyLength', keyHeads(plan)],
        value: choose(lt(y, head.visible), overGroups(plan, z, ofGroup), 0),
        out: 'dv',
        place: entryOf(valueRows, head, y, valueDim, x),
        what: 'Σ weight · cotangent over the rows that see a key',
      }),
    ],
    buffers: [],
  }
}

/** dv, where groups have their sums already. */
export function sumOfGroups(plan: FactorisedPlan): Plan {
  const { valueDim } = plan.attention
  const head = keyHeadAt(plan, z)
  const own = (group: Formula): Formula =>
    load('valueCotangents', add(mul(add(mul(group, keyLength), y), valueDim), x))
  return {
    passes: [
      equationPass({
        name: 'value_gradient',
        extent: [valueDim, 'keyLength', keyHeads(plan)],
        value: choose(lt(y, head.visible), overGroups(plan, z, own), 0),
        out: 'dv',
        place: entryOf(valueRows, head, y, valueDim, x),
        what: 'Σ weight · cotangent over the rows that see a key',
      }),
    ],
    buffers: [],
  }
}
