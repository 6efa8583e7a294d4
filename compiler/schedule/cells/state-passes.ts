/** The passes of states: of chunks, of blocks of chunks, of the rows before each chunk or of all, and those of decoding. */
import { valueRows } from '../buffers.ts'
import {
  add,
  before,
  choose,
  div,
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
import { entryOf, headAt } from '../equation/heads.ts'
import type { Formula } from '../equation.ts'
import type { Elapsed } from './action.ts'
import { featureAt } from './plan.ts'
import type { Cell, FactorisedPlan } from './plan.ts'
import type { Plan } from '../equation/plan.ts'
import { absorbed, carried } from './carried.ts'
import { beforeChunks, ofAll, ofBlocks } from './folds.ts'
import { rowWeights, statesOf } from './states.ts'

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
