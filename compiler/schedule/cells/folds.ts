/** States that are put together of others: those of blocks of chunks, those before each chunk, and that of all rows. */
import {
  add,
  before,
  choose,
  div,
  eq,
  larger,
  largest,
  load,
  mul,
  named,
  powerOf,
  size,
  smaller,
  sub,
  sum,
  x,
} from '../equation/build.ts'
import type { Head } from '../equation/heads.ts'
import type { Formula } from '../equation.ts'
import type { Size } from '../../../runtime/contract/size.ts'
import type { Elapsed } from './action.ts'
import type { Cell, FactorisedPlan, StateFormulas } from './plan.ts'
import type { Plan } from '../equation/plan.ts'
import { scaleAt, statesOf, sumAt } from './states.ts'

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

/** The states of blocks of chunks; before them that which the call begins with. */
export function ofBlocks(plan: FactorisedPlan): Plan {
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

/** For each chunk, the blocks before it and the chunks of its own block before it. */
export function beforeChunks(plan: FactorisedPlan): Plan {
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

/** The state of all key rows. */
export function ofAll(plan: FactorisedPlan, buffer: 'state' | 'carried'): Plan {
  return statesOf(plan, {
    name: `${buffer === 'state' ? 'total' : 'carried'}${plan.begins ? '_behind' : ''}`,
    buffer,
    count: 1,
    layout: 'per group',
    what: 'of all key rows',
    ...folded(plan, () => [blockLevel(plan, size(statesOfBlocks(plan)), ({ head }) => head.visible)]),
  })
}
