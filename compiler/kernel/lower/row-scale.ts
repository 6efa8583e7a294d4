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
import { componentOf, itemsOf, numberOf, vectors } from './chunk.ts'
import type { Chunk, FeatureTile } from './chunk.ts'
import type { ChunkNumbers, Numbers } from './chunk-tile.ts'
import { eachExchanged, panelPlace } from './panel.ts'
import { raised, raiseScales } from './running-scale.ts'
import { lowest } from '../kernel.ts'
import { across, acrossLanes, columnGroup, fourLanes, inLanes, lanes, nth, range, rowGroup } from './tile.ts'
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
    const sum = (vector: number, item: number): Value =>
      ir.add(numberOf(query.values, vector, item), ir.splat(ir.lane(state, item as Lane)))
    const largest = range(vectors).map((vector) =>
      range(items)
        .map((item) => sum(vector, item))
        .reduce(raised),
    )
    raiseRows(k, chunk, largest)
    return { state, group: state }
  }
  const keys = byRow(key, items).map((exponents, row) => k.let(`keyOfRow${row}`, exponents))
  const group = scaleOfGroup(k, chunk, state, keys)
  let last: Value = group
  const sums = byRow(query, items).map((exponents, row) => {
    last = k.let(`upTo${row}`, raised(last, nth(keys, row)))
    return k.let(`sumOfRow${row}`, ir.add(exponents, last))
  })
  const largest = range(vectors).map((vector) =>
    inLanes((lane) => acrossLanes(nth(sums, vector * lanes + lane), raised)),
  )
  raiseRows(k, chunk, largest)
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

/** The exponents of a side by row of the thread's row group, a component in a lane. */
const byRow = ({ values }: Numbers, items: number): readonly Value[] =>
  range(vectors).flatMap((vector) =>
    fourLanes.map((lane) =>
      inLanes((item) => (item < items ? ir.lane(numberOf(values, vector, item), lane) : lowest)),
    ),
  )

/** The largest exponents before the thread's row group, by component. */
function scaleOfGroup(k: Author, { layout }: Chunk, state: Value, keys: readonly Value[]): Value {
  const { array, groupScales } = layout
  k.sharedStore(array, groupScales(columnGroup, rowGroup), keys.reduce(raised))
  k.barrier()
  const scale = k.var('groupScale', state)
  k.loop('earlier', 0, rowGroup, (earlier) =>
    k.set(scale, raised(scale, ir.sharedLoad(array, groupScales(columnGroup, earlier)))),
  )
  k.barrier()
  return scale
}

/**
 * Raises the scales of the rows: `largest` has, for each four of them, the largest sum of a query's exponent and the scale
 * of the feature that the row sees, over the thread's components.
 */
function raiseRows(k: Author, { layout, rows, pairs, pass }: Chunk, largest: readonly Value[]): void {
  const { exchanged } = layout
  rows.forEach(({ four }, vector) =>
    k.sharedStore(layout.array, panelPlace(exchanged, columnGroup, four), nth(largest, vector)),
  )
  k.barrier()
  const ofPairs = [...(pairs?.far.rows ?? []), ...(pairs ? [{ ...pairs.near, four: pairs.near.rows }] : [])]
  const scales = [
    ...rows.map(({ four, scale, sums, total }) => ({ four, scale, sums: [...sums, total] })),
    ...ofPairs.map(({ four, scale, scores }) => ({ four, scale, sums: scores })),
  ].map(({ four, scale, sums }, which) => {
    invariant(scale !== undefined, 'rows of scaled sums have a scale')
    return { four, scale, sums, names: { before: `scaleSoFar${which}`, shrink: `shrink${which}` } }
  })
  const fours = scales.map(({ four }) => four)
  raiseScales(k, scales, (raise) => eachExchanged(k, exchanged, across(pass.tile), fours, raise))
  k.barrier()
}
