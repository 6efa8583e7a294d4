/**
 * States of what comes after keys: R_c = Σ φ_c(q_i) ĝ_iᵀ over the query rows of a group, with a scale for each feature.
 * Those of chunks and of blocks are as of their first row, and `ahead` of a chunk is as of the row behind it.
 */
import {
  add,
  before,
  choose,
  div,
  larger,
  largest,
  load,
  lt,
  mul,
  named,
  size,
  smaller,
  sub,
  sum,
  x,
  y,
  z,
} from '../equation/build.ts'
import { headAt } from '../equation/heads.ts'
import type { Head } from '../equation/heads.ts'
import { equationPass } from '../equation/plan.ts'
import type { Plan } from '../equation/plan.ts'
import type { EquationPass, Formula } from '../equation.ts'
import type { Size } from '../../../runtime/contract/size.ts'
import type { Elapsed } from '../cells/action.ts'
import { featureAt } from '../cells/plan.ts'
import type { Cell, FactorisedPlan } from '../cells/plan.ts'
import { blockCount, folded, lastOf, rowAhead } from '../cells/folds.ts'
import type { Level } from '../cells/folds.ts'
import { rowWeights, scaleAt, statesOf, sumAt } from '../cells/states.ts'
import { cotangentAt, overMembers } from './cotangents.ts'
import type { RelativeRows } from './relative.ts'

/** The passes that leave the state of the rows after each chunk, or of all rows, in `aheadSums` and `aheadScales`. */
export function aheadPasses(plan: FactorisedPlan, relative: RelativeRows): Plan {
  const parts = [
    ofChunks(plan, relative),
    ofBlocks(plan),
    ...(plan.causal ? [afterChunks(plan)] : [ofAll(plan)]),
  ]
  return {
    passes: parts.flatMap(({ passes }) => passes),
    buffers: parts.flatMap(({ buffers }) => buffers),
  }
}

/** The largest of a formula over the query heads of a group. */
function largestOfMembers(
  plan: FactorisedPlan,
  group: Formula,
  of: (queryHead: Formula) => Formula,
): Formula {
  if (plan.groups === 'heads') return of(group)
  const count = named('members', size(['ceildiv', 'heads', 'kvHeads']))
  return largest('member', count, (member) => of(add(mul(group, count), member)))
}

function ofChunks(plan: FactorisedPlan, relative: RelativeRows): Plan {
  const { rowsOfChunk: chunk, queryCoefficients } = plan
  const length = size('length')
  const firstOf = ({ state }: Cell): Formula => named('firstRow', mul(state, chunk))
  const rows = (at: Cell): Formula => named('rows', before(firstOf(at), length, chunk))
  const since = (at: Cell, r: Formula): Elapsed => plan.action(at.head, r)
  const entry = (at: Cell, queryHead: Formula, r: Formula): Formula =>
    featureAt(plan, queryHead, length, add(firstOf(at), r), at.feature)
  const exponent = (at: Cell, queryHead: Formula, r: Formula): Formula =>
    since(at, r).lower(load(relative.queries, entry(at, queryHead, r)))
  const weight = (at: Cell, own: Formula | undefined, queryHead: Formula, r: Formula): Formula =>
    own === undefined
      ? since(at, r).shrink(load('queryFeatures', entry(at, queryHead, r)))
      : load('rowsOfChunkWeights', entry(at, queryHead, r))
  const ofRow = headAt(plan.groups, 'sliceQueryHead', z)
  const entryOfRow = featureAt(plan, z, length, y, x)
  return statesOf(plan, {
    name: 'rows',
    buffer: 'rowsOfChunk',
    count: 'chunks',
    layout: 'per group and chunk',
    what: 'of each chunk of query rows with their cotangents',
    scale: (at) =>
      largestOfMembers(plan, at.group, (queryHead) =>
        largest('r', rows(at), (r) => exponent(at, queryHead, r)),
      ),
    weights: rowWeights(plan, {
      buffer: 'rowsOfChunk',
      rows: 'length',
      heads: plan.heads,
      cell: { feature: x, state: named('chunk', div(y, chunk)), group: ofRow.sliceGroup, head: ofRow },
      exponent: (at) => since(at, sub(y, firstOf(at))).lower(load(relative.queries, entryOfRow)),
      coefficient: queryCoefficients ? load('queryCoefficients', entryOfRow) : undefined,
      what: 'query row',
    }),
    sum: (at, own) =>
      overMembers(plan, at.group, (queryHead) =>
        sum('r', rows(at), (r) =>
          mul(
            weight(at, own, queryHead, r),
            load('rowCotangents', cotangentAt(plan, queryHead, add(firstOf(at), r), x)),
          ),
        ),
      ),
  })
}

/** The first row of a state of so many rows. */
const firstOf = (state: Formula, rows: number): Formula => mul(state, rows)

/** The first row after what a fold is of, as of which it is. */
type Start = (at: Cell) => Formula

const chunkLevel = (
  { rowsOfChunk }: FactorisedPlan,
  first: Formula,
  count: Formula,
  start: Start,
): Level => ({
  index: 'inner',
  buffer: 'rowsOfChunk',
  perGroup: size('chunks'),
  first,
  count: named('inners', count),
  since: (state, at) => sub(firstOf(state, rowsOfChunk), start(at)),
})

const blockLevel = (plan: FactorisedPlan, first: Formula, start: Start): Level => {
  const blocks = named('blocks', size(statesOfBlocks(plan)))
  return {
    index: 'outer',
    buffer: 'rowsOfBlock',
    perGroup: blocks,
    first,
    count: named('outers', sub(larger(blocks, first), first)),
    since: (state, at) => sub(rowOfBlock(plan, state, at.head), start(at)),
  }
}

/** Blocks of rows, with that of what comes behind the call. */
const statesOfBlocks = (plan: FactorisedPlan): Size =>
  plan.ends ? ['+', blockCount(plan), 1] : blockCount(plan)

/** One number for blocks of rows, and another for what comes behind them: no target need choose between integers. */
function byBlock(plan: FactorisedPlan, state: Formula, ofRows: Formula, behind: Formula): Formula {
  const blocks = size(blockCount(plan))
  const isBehind = named('isBehind', sub(larger(add(state, 1), blocks), blocks))
  return add(mul(ofRows, sub(1, isBehind)), mul(behind, isBehind))
}

/** The row as of which the state of a block is. */
function rowOfBlock(plan: FactorisedPlan, state: Formula, { visible }: Head): Formula {
  const first = firstOf(state, plan.rowsOfChunk * plan.block)
  return plan.ends ? byBlock(plan, state, first, lastOf(visible)) : first
}

function ofBlocks(plan: FactorisedPlan): Plan {
  const { block, rowsOfChunk } = plan
  const first = ({ state }: Cell): Formula => named('firstChunk', mul(state, block))
  const start: Start = ({ state }) => mul(state, rowsOfChunk * block)
  const ofRows = folded(plan, (at) => [
    chunkLevel(plan, first(at), before(first(at), size('chunks'), block), start),
  ])
  const { ends } = plan
  const isOfRows = ({ state }: Cell): Formula => lt(state, size(blockCount(plan)))
  return statesOf(plan, {
    name: 'rows_of_blocks',
    buffer: 'rowsOfBlock',
    count: statesOfBlocks(plan),
    layout: `per group and ${block} chunks${ends ? ', behind them what comes after the call' : ''}`,
    what: `of each ${block} chunks of query rows`,
    scale: (at) => (ends ? choose(isOfRows(at), ofRows.scale(at), ends.scale(at)) : ofRows.scale(at)),
    sum: (at, own) =>
      ends ? choose(isOfRows(at), ofRows.sum(at, own), ends.sum(at, own)) : ofRows.sum(at, own),
  })
}

/**
 * Writes the gradient of the state that a call begins with: of all query rows and of what comes after them, as of the row
 * before the first.
 */
export function initialGradient(plan: FactorisedPlan): readonly EquationPass[] {
  const { features, attention, scaling, groups } = plan
  const head = headAt(groups, 'sliceKeyHead', z, { lengths: true })
  const all = named('all', size(statesOfBlocks(plan)))
  // As of that row one more has acted than as of the first one.
  const { scale, sum } = folded(plan, () => [
    {
      ...blockLevel(plan, size(0), () => size(0)),
      count: all,
      since: (state, at) => add(rowOfBlock(plan, state, at.head), acted(plan, state, at.head)),
    },
  ])
  const at = { state: size(0), group: z, head }
  const scales = equationPass({
    name: 'initial_scales',
    extent: [features, 1, 'sliceCount'],
    value: scale({ ...at, feature: x }),
    out: 'initialScales',
    place: scaleAt(plan, head.group, x),
    what: 'the scale of the gradient of each feature of the state before the call',
  })
  const scaled = scaling === 'scaled'
  const own = scaled ? named('scale', load('initialScales', scaleAt(plan, head.group, y))) : undefined
  const sums = equationPass({
    name: 'initial_sums',
    extent: [attention.valueDim + 1, features, 'sliceCount'],
    value: sum({ ...at, feature: y }, own),
    out: 'initialSums',
    place: sumAt(plan, head.group, y, x),
    what: 'the gradient of S and z of the state before the call',
  })
  return scaled ? [scales, sums] : [sums]
}

/** A row; none where a call has no visible row, so that what it leaves is what it began with. */
const acted = (plan: FactorisedPlan, state: Formula, { visible }: Head): Formula =>
  byBlock(plan, state, size(1), smaller(visible, 1))

/** For each chunk, the chunks of its own block after it and the blocks after that. */
function afterChunks(plan: FactorisedPlan): Plan {
  const { block, rowsOfChunk } = plan
  const ownBlock = ({ state }: Cell): Formula => named('ownBlock', div(state, block))
  const start: Start = ({ state, head }) =>
    named('rowAhead', rowAhead(plan, head, mul(add(state, 1), rowsOfChunk)))
  const next = ({ state }: Cell): Formula => add(state, 1)
  const last = (at: Cell): Formula => smaller(mul(add(ownBlock(at), 1), block), size('chunks'))
  return statesOf(plan, {
    name: 'ahead',
    buffer: 'ahead',
    count: 'chunks',
    layout: 'per group and chunk, after it',
    what: 'of the query rows after each chunk',
    ...folded(plan, (at) => [
      chunkLevel(plan, next(at), sub(last(at), smaller(next(at), last(at))), start),
      blockLevel(plan, add(ownBlock(at), 1), start),
    ]),
  })
}

function ofAll(plan: FactorisedPlan): Plan {
  return statesOf(plan, {
    name: 'ahead',
    buffer: 'ahead',
    count: 1,
    layout: 'per group',
    what: 'of all query rows',
    ...folded(plan, () => [blockLevel(plan, size(0), () => size(0))]),
  })
}
