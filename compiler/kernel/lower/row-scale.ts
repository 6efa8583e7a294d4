/**
 * The running log-scale of query rows while tiles of features pass by.
 *
 * A feature's scale at row i is the largest exponent of a key that row i sees: of all before the chunk, and of the
 * chunk's keys up to i. A row's scale is the largest, over features, of its own exponent plus the feature's scale. Sums
 * so far shrink when it grows. What is exponentiated for a pair that is seen is never positive.
 *
 * Exponents are as of the chunk's first row, so that rows that act on the state ask for no other care.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { Value } from '../kernel.ts'
import { componentOf, eachNumber, itemsOf, numberOf, vectors } from './chunk.ts'
import type { Chunk, FeatureTile } from './chunk.ts'
import type { ChunkNumbers, Numbers } from './chunk-tile.ts'
import { fromPanel, panelPlace } from './panel.ts'
import type { Four } from './panel.ts'
import { raised, raiseScale } from './running-scale.ts'
import { lowest } from '../kernel.ts'
import { across, columnGroup, fourLanes, inLanes, nth, range, rowGroup } from './tile.ts'
import type { Lane } from './tile.ts'

/** Scales of a thread's components before its row group, a lane for each. */
export interface GroupScales {
  /** Of all keys before the chunk. */
  readonly state: Value
  /** Of these and of the keys of earlier row groups. */
  readonly group: Value
}

/** Takes a tile's exponents into the rows' scales and shrinks the sums; returns the components' scales. */
export function raiseRowScales(
  k: Author,
  chunk: Chunk,
  tile: FeatureTile,
  { query, key }: ChunkNumbers,
): GroupScales {
  k.comment('scales of the features down the rows, then of the rows')
  const state = k.let('stateScale', stateScale(chunk, tile))
  const items = itemsOf(chunk.pass.tile)
  if (key === undefined) {
    raiseRows(
      k,
      chunk,
      query,
      eachNumber(items, (_, item) => ir.splat(ir.lane(state, item as Lane))),
    )
    return { state, group: state }
  }
  const group = scaleOfGroup(k, chunk, state, key, items)
  raiseRows(k, chunk, query, runDown(k, key, group, items))
  return { state, group }
}

/** The scales of the thread's components in the state, as of the chunk's first row. */
function stateScale({ state, sinceState, action, pass }: Chunk, { feature, count }: FeatureTile): Value {
  const scale = (item: number): Value => {
    const component = ir.call('min', componentOf(pass, item), ir.sub(count, 1))
    return ir.load(state.buffer, state.layout.scaleBefore(state.start, ir.add(feature, component)))
  }
  return action.row.and(sinceState).lower(inLanes(scale))
}

/** The largest exponents before each row of the thread's row group, the row's own key among them. */
function runDown(k: Author, { values }: Numbers, group: Value, items: number): readonly (readonly Value[])[] {
  const all = range(items).map((item) => {
    let last: Value = ir.lane(group, item as Lane)
    return range(vectors).map((vector) =>
      inLanes((lane) => {
        last = k.let(
          `upTo${vector}_${item}_${lane}`,
          raised(last, ir.lane(numberOf(values, vector, item), lane)),
        )
        return last
      }),
    )
  })
  return range(vectors).map((vector) => all.map((ofItem) => nth(ofItem, vector)))
}

/** The largest exponents before the thread's row group. */
function scaleOfGroup(k: Author, { layout }: Chunk, state: Value, { values }: Numbers, items: number): Value {
  const { array, groupScales } = layout
  const largest = (item: number): Value =>
    range(vectors)
      .flatMap((vector) => fourLanes.map((lane) => ir.lane(numberOf(values, vector, item), lane)))
      .reduce((most, exponent) => raised(most, exponent))
  k.sharedStore(
    array,
    groupScales(columnGroup, rowGroup),
    inLanes((item) => (item < items ? largest(item) : lowest)),
  )
  k.barrier()
  const scale = k.var('groupScale', state)
  k.loop('earlier', 0, rowGroup, (earlier) =>
    k.set(scale, raised(scale, ir.sharedLoad(array, groupScales(columnGroup, earlier)))),
  )
  k.barrier()
  return scale
}

/** Raises the scales of the rows by the exponents of their queries plus the scales of the features that they see. */
function raiseRows(
  k: Author,
  { layout, rows, near, pass }: Chunk,
  { values }: Numbers,
  seen: readonly (readonly Value[])[],
): void {
  const { exchanged } = layout
  rows.forEach(({ four }, vector) => {
    const sums = range(itemsOf(pass.tile)).map((item) =>
      ir.add(numberOf(values, vector, item), numberOf(seen, vector, item)),
    )
    const most = sums.reduce((largest, sum) => raised(largest, sum))
    k.sharedStore(layout.array, panelPlace(exchanged, columnGroup, four), most)
  })
  k.barrier()
  const each = (four: Four) => (raise: (exponent: Value) => void) => {
    k.loop('other', 0, across(pass.tile), (other) => raise(fromPanel(exchanged, other, four)))
  }
  rows.forEach(({ four, scale, sums, total, scores }, vector) => {
    invariant(scale !== undefined, 'rows of scaled sums have a scale')
    const names = { before: `scaleSoFar${vector}`, shrink: `shrink${vector}` }
    raiseScale(k, { scale, sums: [...sums, total, ...scores], names }, each(four))
  })
  if (near !== undefined) {
    const names = { before: 'nearSoFar', shrink: 'nearShrink' }
    raiseScale(k, { scale: near.scale, sums: near.scores, names }, each(near.rows))
  }
  k.barrier()
}
