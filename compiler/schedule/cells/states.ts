/**
 * States of a factorised attention in cells: of chunks, of blocks of chunks, of
 * the rows before each chunk or of all, and the one that decoding carries. A
 * state is the scale of each feature and, over its exponential, the sums of all
 * columns. Scales and sums are as of the state's last visible row: all rows up to it
 * have acted on them.
 */
import { product, valueRows } from '../buffers.ts'
import {
  add,
  before,
  choose,
  div,
  eq,
  larger,
  largest,
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
import type { EquationPass, Formula } from '../equation.ts'
import type { BufferPlan } from '../schedule.ts'
import type { Size } from '../../../runtime/contract/size.ts'
import type { Elapsed } from './action.ts'
import { featureAt } from './plan.ts'
import type { Cell, FactorisedPlan, StateFormulas } from './plan.ts'
import { equationPass, scratch } from '../equation/plan.ts'
import type { Plan } from '../equation/plan.ts'

/**
 * The passes that leave the state that each query row reads in `stateSums` and, where sums are scaled, `stateScales`;
 * and those of decoding.
 */
export interface StatePlan extends Plan {
  /** The state that decoding starts from. */
  readonly carry: Plan
  /** Adds the key and value of a token to it. */
  readonly absorb: Plan
}

/**
 * Sums key rows into states of chunks, these into states of blocks, and these into the state before each chunk
 * (causal) or of all rows (no mask).
 */
export function statePasses(plan: FactorisedPlan): StatePlan {
  const parts = [ofChunks(plan), ofBlocks(plan), plan.causal ? beforeChunks(plan) : ofAll(plan, 'state')]
  return {
    passes: parts.flatMap(({ passes }) => passes),
    buffers: parts.flatMap(({ buffers }) => buffers),
    carry: carried(plan),
    absorb: absorbed(plan),
  }
}

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

/** The state of each chunk of key rows by itself. */
function ofChunks(plan: FactorisedPlan): Plan {
  const { rowsOfChunk: chunk, attention } = plan
  const { valueDim } = attention
  const keyLength = size('keyLength')
  const firstOf = ({ state }: Cell): Formula => named('firstRow', mul(state, chunk))
  const rowAt = (at: Cell, r: Formula): Formula => add(firstOf(at), r)
  const entry = (at: Cell, r: Formula): Formula =>
    featureAt(plan, at.group, keyLength, rowAt(at, r), at.feature)
  /** From a row to the last of the chunk. */
  const since = (at: Cell, r: Formula): Elapsed => {
    const end = named('endOfChunk', smaller(add(firstOf(at), chunk), at.head.visible))
    return plan.action(at.head, sub(sub(end, 1), rowAt(at, r)))
  }
  const exponent = (at: Cell, r: Formula): Formula => since(at, r).lower(load('keyExponents', entry(at, r)))
  const weight = (at: Cell, r: Formula, own: Formula | undefined): Formula =>
    own === undefined
      ? since(at, r).shrink(load('keyFeatures', entry(at, r)))
      : load('chunkWeights', entry(at, r))
  const valueAt = (at: Cell, r: Formula): Formula =>
    load('v', entryOf(valueRows, at.head, rowAt(at, r), valueDim, x))
  const rows = (at: Cell, end: Formula): Formula => named('rows', before(firstOf(at), end, chunk))
  const ofRow = featureAt(plan, z, keyLength, y, x)
  return statesOf(plan, {
    name: 'chunk',
    buffer: 'chunk',
    count: 'chunks',
    layout: 'per group and chunk',
    what: 'of each chunk of key rows',
    scale: (at) => largest('r', rows(at, at.head.visible), (r) => exponent(at, r)),
    weights: rowWeights(plan, {
      buffer: 'chunk',
      rows: 'keyLength',
      heads: 'sliceCount',
      cell: {
        feature: x,
        state: named('chunk', div(y, chunk)),
        group: z,
        head: headAt(plan.groups, 'sliceKeyHead', z, { lengths: true }),
      },
      exponent: (at) => since(at, sub(y, firstOf(at))).lower(load('keyExponents', ofRow)),
      coefficient: plan.keyCoefficients ? load('keyCoefficients', ofRow) : undefined,
      what: 'key row',
    }),
    sum: (at, own) => {
      const end = rows(at, at.head.visible)
      return choose(
        lt(x, valueDim),
        sum('r', end, (r) => mul(weight(at, r, own), valueAt(at, r))),
        sum('r', end, (r) => weight(at, r, own)),
      )
    },
  })
}

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

/** States of one level that a fold puts together: `count` of them from `first` on. */
export interface Level {
  readonly index: string
  readonly buffer: string
  readonly perGroup: Formula
  readonly first: Formula
  readonly count: Formula
  /** Rows between what a state is as of, and what the fold is as of. */
  readonly since: (state: Formula, at: Cell) => Formula
}

/** The row after the last one of a chunk or block of `rows` rows, or after the last visible one. */
const endOf = (state: Formula, rows: number, head: Head): Formula => endAfter(add(state, 1), rows, head)

/** The row after so many chunks or blocks, or after the last visible one. */
const endAfter = (count: Formula, rows: number, head: Head): Formula =>
  smaller(mul(count, rows), head.visible)

export const blockCount = ({ block }: FactorisedPlan): Size => ['ceildiv', 'chunks', block]

/** Blocks with what the call begins with, which is the first of them. */
const statesOfBlocks = (plan: FactorisedPlan): Size =>
  plan.begins ? ['+', blockCount(plan), 1] : blockCount(plan)

/** How many blocks of rows there are up to the state of a block, itself included. */
const blocksThrough = ({ begins }: FactorisedPlan, state: Formula): Formula =>
  begins ? state : add(state, 1)

/** The row after the last one of a fold. */
type End = (at: Cell) => Formula

const chunkLevel = ({ rowsOfChunk }: FactorisedPlan, first: Formula, count: Formula, end: End): Level => ({
  index: 'inner',
  buffer: 'chunk',
  perGroup: size('chunks'),
  first,
  count: named('inners', count),
  since: (state, at) => sub(end(at), endOf(state, rowsOfChunk, at.head)),
})

const blockLevel = (plan: FactorisedPlan, count: Formula, end: End): Level => ({
  index: 'outer',
  buffer: 'block',
  perGroup: named('blocks', size(statesOfBlocks(plan))),
  first: size(0),
  count: named('outers', count),
  since: (state, at) =>
    sub(end(at), endAfter(blocksThrough(plan, state), plan.rowsOfChunk * plan.block, at.head)),
})

/** Combines states of one or two levels: the largest scale, and sums over it. */
export function folded(plan: FactorisedPlan, levels: (at: Cell) => readonly Level[]): StateFormulas {
  const indexOf = (level: Level, at: Cell, one: Formula): Formula =>
    named('part', add(mul(at.group, level.perGroup), level.first, one))
  const since = (level: Level, at: Cell, one: Formula): Elapsed =>
    plan.action(at.head, level.since(add(level.first, one), at))
  const exponent = (level: Level, at: Cell, one: Formula): Formula =>
    since(level, at, one).lower(
      load(`${level.buffer}Scales`, scaleAt(plan, indexOf(level, at, one), at.feature)),
    )
  const part = (level: Level, at: Cell, own: Formula | undefined, one: Formula): Formula => {
    const value = load(`${level.buffer}Sums`, sumAt(plan, indexOf(level, at, one), at.feature, x))
    return own === undefined
      ? since(level, at, one).shrink(value)
      : mul(powerOf(exponent(level, at, one), own), value)
  }
  return {
    scale: (at) =>
      levels(at)
        .map((level) => largest(level.index, level.count, (one) => exponent(level, at, one)))
        .reduce((all, one) => larger(all, one)),
    sum: (at, own) =>
      levels(at)
        .map((level) => sum(level.index, level.count, (one) => part(level, at, own, one)))
        .reduce((all, one) => add(all, one)),
  }
}

function ofBlocks(plan: FactorisedPlan): Plan {
  const { block, rowsOfChunk, begins } = plan
  const first = ({ state }: Cell): Formula => named('firstChunk', mul(begins ? lastOf(state) : state, block))
  const end: End = ({ state, head }) =>
    named('end', endAfter(blocksThrough(plan, state), rowsOfChunk * block, head))
  const ofRows = folded(plan, (at) => [
    chunkLevel(plan, first(at), before(first(at), size('chunks'), block), end),
  ])
  return statesOf(plan, {
    name: begins ? 'block_behind' : 'block',
    buffer: 'block',
    count: statesOfBlocks(plan),
    layout: `per group and ${block} chunks${begins ? ', before them the state of the call' : ''}`,
    what: `of each ${block} chunks`,
    scale: (at) => (begins ? choose(eq(at.state, 0), begins.scale(at), ofRows.scale(at)) : ofRows.scale(at)),
    sum: (at, own) =>
      begins ? choose(eq(at.state, 0), begins.sum(at, own), ofRows.sum(at, own)) : ofRows.sum(at, own),
  })
}

/** The number before a count; 0 of none. */
export const lastOf = (count: Formula): Formula => sub(larger(count, 1), 1)

/**
 * The row as of which the state of what comes behind a chunk is: the one behind the chunk, `next`. Where the cotangents
 * of what a call leaves are given, it is none behind the last visible row, as of which these are.
 */
export const rowAhead = ({ ends }: FactorisedPlan, { visible }: Head, next: Formula): Formula =>
  ends ? smaller(next, lastOf(visible)) : next

/** The state that decoding carries, as it is before a call. */
export const carriedState = (plan: FactorisedPlan): StateFormulas => ({
  scale: ({ head, feature }) => load('carriedScales', scaleAt(plan, head.group, feature)),
  sum: ({ head, feature }) => load('carriedSums', sumAt(plan, head.group, feature, x)),
})

/** For each chunk, the blocks before it and the chunks of its own block before it. */
function beforeChunks(plan: FactorisedPlan): Plan {
  const { block, rowsOfChunk } = plan
  const blocksBefore = ({ state }: Cell): Formula => named('blocksBefore', div(state, block))
  const first = (at: Cell): Formula => named('firstChunk', mul(blocksBefore(at), block))
  const end: End = ({ state, head }) => named('end', smaller(mul(state, rowsOfChunk), head.visible))
  return statesOf(plan, {
    name: plan.begins ? 'before_behind' : 'before',
    buffer: 'state',
    count: 'chunks',
    layout: 'per group and chunk, before it',
    what: 'before each chunk',
    ...folded(plan, (at) => [
      blockLevel(plan, plan.begins ? add(blocksBefore(at), 1) : blocksBefore(at), end),
      chunkLevel(plan, first(at), sub(at.state, first(at)), end),
    ]),
  })
}

function ofAll(plan: FactorisedPlan, buffer: 'state' | 'carried'): Plan {
  return statesOf(plan, {
    name: `${buffer === 'state' ? 'total' : 'carried'}${plan.begins ? '_behind' : ''}`,
    buffer,
    count: 1,
    layout: 'per group',
    what: 'of all key rows',
    ...folded(plan, () => [blockLevel(plan, size(statesOfBlocks(plan)), ({ head }) => head.visible)]),
  })
}

function carried(plan: FactorisedPlan): Plan {
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
function absorbed(plan: FactorisedPlan): Plan {
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
