/** How query rows read a state: their scales, what they weigh, and their quotients. */
import { valueRows } from '../buffers.ts'
import {
  add,
  all,
  before,
  choose,
  div,
  finitePower,
  inverse,
  larger,
  largest,
  le,
  load,
  lt,
  mul,
  named,
  powerOf,
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
import type { Extent, Formula } from '../equation.ts'
import { still } from './action.ts'
import type { CellAction, Elapsed } from './action.ts'
import { denominator } from '../division.ts'
import { featureAt } from './plan.ts'
import type { FactorisedPlan } from './plan.ts'
import { equationPass, scratch } from '../equation/plan.ts'
import type { Plan } from '../equation/plan.ts'

/** A query row with the state that it reads. */
interface Row {
  readonly row: Formula
  /** Place of its head among those of the pass. */
  readonly at: Formula
  readonly head: Head
}

/** One plan of reading, for the rows of a call or for a token. */
interface Reading {
  readonly plan: FactorisedPlan
  readonly from: 'state' | 'carried'
  /** Whether a row also meets the rows of its chunk, up to its own. */
  readonly near: boolean
  readonly scaled: boolean
  /** Of rows since the state: none where it is that of the token before, on which the token's row has acted. */
  readonly action: CellAction
}

/**
 * Writes `out` for every query row.
 *
 * @param from `state` for the states of the rows of the call, `carried` for the state that decoding carries
 */
export function readPasses(plan: FactorisedPlan, from: 'state' | 'carried'): Plan {
  const reading: Reading = {
    plan,
    from,
    near: plan.causal && from === 'state',
    scaled: plan.scaling === 'scaled',
    action: from === 'state' ? plan.action : still,
  }
  const computed = [...weightsOf(reading), ...resultOf(reading)]
  return {
    passes: computed.map(({ name, extent, value, out, what }) =>
      // Kernels of one name are the same in all forms.
      equationPass({ name: from === 'carried' ? `token_${name}` : name, extent, value, out, what }),
    ),
    buffers: computed.flatMap(({ out, extent, layout }) =>
      layout === undefined ? [] : [scratch(out, extent, layout)],
    ),
  }
}

/** A buffer and how its cells are computed; without a layout it is the result of the call. */
interface Computed {
  readonly name: string
  readonly extent: Extent
  readonly out: string
  readonly what: string
  readonly value: Formula
  readonly layout?: string
}

const rowAt = ({ plan, from }: Reading, row: Formula, place: Formula): Row => ({
  row,
  at: place,
  head: headAt(plan.groups, 'sliceQueryHead', place, { lengths: from === 'state' }),
})

/** Whether components of φ(q) weigh otherwise than they are. */
const weighs = ({ scaled, action }: Reading): boolean => scaled || action !== still

/** The scales of the rows, and what components and keys of the chunk weigh in them. */
function weightsOf(reading: Reading): Computed[] {
  const { features, heads, rowsOfChunk } = reading.plan
  const scales: Computed = {
    name: 'row_scales',
    extent: ['length', heads, 1],
    out: 'rowScales',
    what: 'the largest exponent of each query row, among the keys that it sees',
    value: rowScale(reading, rowAt(reading, x, y)),
    layout: 'per query head: [rows]',
  }
  const ofComponents: Computed = {
    name: 'query_weights',
    extent: [features, 'length', heads],
    out: 'queryWeights',
    what: 'what each component of φ(q) weighs in the state that its row reads',
    value: queryWeight(reading, rowAt(reading, y, z), x),
    layout: `per query head and row: [${features}]`,
  }
  const ofPairs: Computed = {
    name: 'near_weights',
    extent: [rowsOfChunk, 'length', heads],
    out: 'nearWeights',
    what: 'φ(q)·φ(k) of each row and the rows of its chunk up to its own',
    value: nearWeight(reading, rowAt(reading, y, z), x),
    layout: `per query head and row: [${rowsOfChunk}]`,
  }
  return [
    ...(reading.scaled ? [scales] : []),
    ...(weighs(reading) ? [ofComponents] : []),
    ...(reading.near ? [ofPairs] : []),
  ]
}

/** The factors of the rows, where they have any, and the rows themselves. */
function resultOf(reading: Reading): Computed[] {
  const { attention, heads } = reading.plan
  const { valueDim, division } = attention
  const weights = weighs(reading) ? 'queryWeights' : 'queryFeatures'
  const divides = reading.scaled || division.kind === 'sum'
  const factors: Computed = {
    name: 'row_factors',
    extent: ['length', heads, 1],
    out: 'rowFactors',
    what:
      division.kind === 'sum' ? '1 over each row’s sum of weights' : 'the exponential of each row’s scale',
    value: rowFactor(reading, rowAt(reading, x, y), weights),
    layout: 'per query head: [rows]',
  }
  const sum = readRow(reading, rowAt(reading, y, z), weights)
  const [pairs, times] = [
    reading.near ? ', with the pairs of its chunk' : '',
    divides ? ', times its factor' : '',
  ]
  const result: Computed = {
    name: 'read_rows',
    extent: [valueDim, 'length', heads],
    out: 'out',
    what: `φ(q)·S of each query row${pairs}${times}`,
    value: divides ? mul(sum, load('rowFactors', ofRow({ row: y, at: z }))) : sum,
  }
  return divides ? [factors, result] : [result]
}

const length = size('length')
const keyLength = size('keyLength')

const ofRow = ({ row, at }: Pick<Row, 'row' | 'at'>): Formula => add(mul(at, length), row)

/** The chunk of a row, the first row of that chunk, and the place of the row in it, 0-based. */
function chunkOf({ plan }: Reading, { row }: Row): { number: Formula; first: Formula; place: Formula } {
  const number = named('chunk', div(row, plan.rowsOfChunk))
  const first = named('firstRow', mul(number, plan.rowsOfChunk))
  return { number, first, place: named('place', sub(row, first)) }
}

/** The state that a row reads: that of its chunk, of its group, or the carried one. */
function stateOf(reading: Reading, row: Row): Formula {
  if (reading.from === 'carried') return row.head.group
  if (!reading.near) return row.head.sliceGroup
  return named('state', add(mul(row.head.sliceGroup, size('chunks')), chunkOf(reading, row).number))
}

const ofQuery = ({ plan }: Reading, { row, at }: Row, buffer: string, feature: Formula): Formula =>
  load(buffer, featureAt(plan, at, length, row, feature))

const ofKey = ({ plan }: Reading, { head }: Row, buffer: string, key: Formula, feature: Formula): Formula =>
  load(buffer, featureAt(plan, head.sliceGroup, keyLength, key, feature))

/** Rows since the last one in the state before the row's chunk, which is the last visible one at the latest. */
const sinceState = (reading: Reading, row: Row): Elapsed =>
  reading.action(row.head, sub(add(row.row, 1), smaller(chunkOf(reading, row).first, row.head.visible)))

/** Rows from a key of the row's chunk to the row. */
const sinceKey = ({ action }: Reading, { head, row }: Row, key: Formula): Elapsed =>
  action(head, sub(row, key))

/** The exponent of a component of the row's φ in the state that the row reads. */
function exponentInState(reading: Reading, row: Row, feature: Formula): Formula {
  const { plan, from } = reading
  const scale = load(`${from}Scales`, add(mul(stateOf(reading, row), plan.features), feature))
  return add(ofQuery(reading, row, 'queryExponents', feature), sinceState(reading, row).lower(scale))
}

/** The exponent of a component of the pair of a row and a key of its chunk. */
const exponentOfPair = (reading: Reading, row: Row, key: Formula, feature: Formula): Formula =>
  sinceKey(reading, row, key).lower(
    add(ofQuery(reading, row, 'queryExponents', feature), ofKey(reading, row, 'keyExponents', key, feature)),
  )

function rowScale(reading: Reading, row: Row): Formula {
  const { features, rowsOfChunk } = reading.plan
  const ofState = largest('f', features, (f) => exponentInState(reading, row, f))
  if (!reading.near) return ofState
  const { first } = chunkOf(reading, row)
  const keys = before(first, smaller(add(row.row, 1), keyLength), rowsOfChunk)
  const ofChunk = largest('r', keys, (r) =>
    largest('f', features, (f) => exponentOfPair(reading, row, add(first, r), f)),
  )
  return larger(ofState, ofChunk)
}

function queryWeight(reading: Reading, row: Row, feature: Formula): Formula {
  if (!reading.scaled) return sinceState(reading, row).shrink(ofQuery(reading, row, 'queryFeatures', feature))
  const own = named('rowScale', load('rowScales', ofRow(row)))
  const power = powerOf(exponentInState(reading, row, feature), own)
  return reading.plan.queryCoefficients
    ? mul(ofQuery(reading, row, 'queryCoefficients', feature), power)
    : power
}

function nearWeight(reading: Reading, row: Row, place: Formula): Formula {
  const { features, queryCoefficients, keyCoefficients } = reading.plan
  const key = named('keyRow', add(chunkOf(reading, row).first, place))
  const seen = all(le(key, row.row), lt(key, keyLength))
  if (!reading.scaled) {
    const dot = sum('f', features, (f) =>
      mul(ofQuery(reading, row, 'queryFeatures', f), ofKey(reading, row, 'keyFeatures', key, f)),
    )
    return choose(seen, sinceKey(reading, row, key).shrink(dot), 0)
  }
  const own = named('rowScale', load('rowScales', ofRow(row)))
  const dot = sum('f', features, (f) => {
    const power = powerOf(exponentOfPair(reading, row, key, f), own)
    const weight = queryCoefficients ? mul(ofQuery(reading, row, 'queryCoefficients', f), power) : power
    return keyCoefficients ? mul(weight, ofKey(reading, row, 'keyCoefficients', key, f)) : weight
  })
  return choose(seen, dot, 0)
}

/** Σ weight · column of the state over features, plus Σ weight · number of each key over the pairs of the chunk. */
function sumOver(
  reading: Reading,
  row: Row,
  weights: string,
  column: Formula,
  keys: Formula,
  ofKeyRow: (key: Formula) => Formula | undefined,
): Formula {
  const { plan, from, near } = reading
  const { features, rowsOfChunk, attention } = plan
  const state = stateOf(reading, row)
  const ofState = sum('f', features, (f) =>
    mul(
      ofQuery(reading, row, weights, f),
      load(`${from}Sums`, add(mul(add(mul(state, features), f), attention.valueDim + 1), column)),
    ),
  )
  if (!near) return ofState
  const ofChunk = sum('r', named('keys', keys), (r) => {
    const weight = load('nearWeights', add(mul(ofRow(row), rowsOfChunk), r))
    const value = ofKeyRow(add(chunkOf(reading, row).first, r))
    return value === undefined ? weight : mul(weight, value)
  })
  return add(ofState, ofChunk)
}

function rowFactor(reading: Reading, row: Row, weights: string): Formula {
  const { valueDim, division } = reading.plan.attention
  const scale = reading.scaled ? load('rowScales', ofRow(row)) : undefined
  if (division.kind === 'none' && scale !== undefined) return finitePower(scale)
  const { place } = chunkOf(reading, row)
  const total = sumOver(reading, row, weights, size(valueDim), add(place, 1), () => undefined)
  return inverse(denominator(total, division, scale))
}

function readRow(reading: Reading, row: Row, weights: string): Formula {
  const { rowsOfChunk, attention } = reading.plan
  const { first } = chunkOf(reading, row)
  const keys = before(first, smaller(row.head.visible, add(row.row, 1)), rowsOfChunk)
  const { valueDim } = attention
  return sumOver(reading, row, weights, x, keys, (key) =>
    load('v', entryOf(valueRows, row.head, key, valueDim, x)),
  )
}
