/**
 * The pairs inside a chunk, where the attention is causal: their scores, which are in registers, pass through workgroup
 * memory as weights of the values, a slice of keys after another.
 */
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { Value } from '../kernel.ts'
import { keyFours, keysOfSlice, rowsOfGroup, setsOf } from './chunk.ts'
import type { Chunk, NearPairs } from './chunk.ts'
import { visible } from './frame.ts'
import { fromPanel, panelPlace } from './panel.ts'
import { rowsOfCall, rowStart } from './row-places.ts'
import { fourOf } from './score-layout.ts'
import { addProducts } from './tile-product.ts'
import {
  across,
  columnGroup,
  fourLanes,
  inLanes,
  lanes,
  nth,
  range,
  rowGroup,
  rowNumbers,
  within,
} from './tile.ts'

/** Fours of keys of a slice. */
const foursOfSlice = keysOfSlice / lanes

/** Adds the values of the chunk's keys to the sums, each row seeing the keys up to its own. */
export function addPairs(k: Author, chunk: Chunk): void {
  const { pass, near, keys } = chunk
  k.comment('pairs inside the chunk: key j for rows i ≥ j')
  if (near !== undefined) joinNear(k, chunk, near)
  const keysOfFour = across(pass.tile) * lanes
  for (const [which, { more }] of keyFours(pass.tile).entries()) {
    const first = more * lanes
    const there = ir.sub(ir.call('max', keys, first), first)
    const slices = ir.div(ir.add(there, keysOfSlice - 1), keysOfSlice)
    k.loop('keySlice', 0, ir.call('min', slices, keysOfFour / keysOfSlice), (slice) => {
      const start = k.let('firstOfSlice', ir.add(ir.mul(slice, keysOfSlice), first))
      storeSlice(k, chunk, which, slice)
      if (near !== undefined) storeNear(k, chunk, near, start)
      k.barrier()
      // Rows before the first key of the slice see none of it.
      k.if(ir.gt(ir.mul(ir.add(rowGroup, 1), rowsOfGroup), start), () => addSlice(k, chunk, start))
      k.barrier()
    })
  }
}

/** Stores the scores of the thread's keys, if they are in the slice. */
function storeSlice(k: Author, chunk: Chunk, which: number, slice: Value): void {
  const { pass, near, rows } = chunk
  const four = fourOf(nth(keyFours(pass.tile), which))
  const inSlice = ir.eq(ir.div(columnGroup, foursOfSlice), slice)
  const isNear = ir.eq(ir.div(four, rowsOfGroup / lanes), rowGroup)
  k.if(near === undefined ? inSlice : ir.and(inSlice, ir.not(isNear)), () => {
    for (const lane of fourLanes) {
      const key = k.let(`key${lane}`, ir.add(ir.mul(four, lanes), lane))
      rows.forEach(({ group, scores }, vector) =>
        storeScores(k, chunk, group, key, `score${vector}_${lane}`, nth(scores, which * lanes + lane)),
      )
    }
  })
}

/** Stores the scores of a key for four rows, 0 for those that do not see it. */
function storeScores(
  k: Author,
  { action, scaled, layout, keys }: Chunk,
  group: Value,
  key: Value,
  name: string,
  sum: Value,
): void {
  const since = action.after(ir.sub(rowNumbers(0, group), ir.splat(ir.convert('f32', key))))
  const score = k.let(name, scaled ? sum : since.shrink(sum))
  const exists = ir.lt(key, keys)
  const seen = inLanes((lane) =>
    ir.select(ir.and(exists, ir.le(key, ir.add(ir.mul(group, lanes), lane))), ir.lane(score, lane), 0),
  )
  k.sharedStore(layout.array, panelPlace(layout.weights, placeOf(key), { of: group, more: 0 }), seen)
}

/** Where a key is in its slice: fours of keys lie apart, so that threads that store them meet no bank twice. */
const placeOf = (key: Value): Value =>
  ir.add(ir.mul(ir.mod(key, lanes), foursOfSlice), ir.mod(ir.div(key, lanes), foursOfSlice))

/** Adds the values of a slice's keys, each by its weight. */
function addSlice(
  k: Author,
  { layout, rows, columns, binding, schedule, firstRow }: Chunk,
  start: Value,
): void {
  const groups = rows.map(({ sums, total }) => ({ sums, total }))
  const values = rowsOfCall('key', schedule.valueDim / columns.unit)
  // Rows of a thread see no key behind the last of them.
  const seen = ir.div(ir.sub(ir.mul(ir.add(rowGroup, 1), rowsOfGroup), start), lanes)
  k.loop('four', 0, ir.call('min', seen, foursOfSlice), (four) => {
    const first = k.let('firstKey', ir.add(firstRow, start, ir.mul(four, lanes)))
    for (const step of range(lanes)) {
      const weights = rows.map((row, vector) =>
        k.let(`pair${vector}_${step}`, fromPanel(layout.weights, four, row.four, step * foursOfSlice)),
      )
      const row = rowStart(values, within(ir.add(first, step), visible))
      const entries = columns.load(k, binding('v'), row, `_${step}`)
      addProducts(k, groups, { weights, entries })
    }
  })
}

/** Puts together what the sets of threads have of the pairs inside row groups; the first set has the sums. */
function joinNear(k: Author, { layout, pass }: Chunk, near: NearPairs): void {
  const sets = setsOf(pass.tile)
  const threads = pass.tile.threads / sets
  const own = k.let('ownPairs', ir.mod(ir.thread, threads))
  const at = (key: number): Value => ir.add(ir.mul(own, lanes + 1), key)
  for (const set of range(sets).slice(1)) {
    k.if(ir.eq(near.set, set), () =>
      near.scores.forEach((score, key) => k.sharedStore(layout.array, at(key), score)),
    )
    k.barrier()
    k.if(ir.eq(near.set, 0), () =>
      near.scores.forEach((score, key) => k.add(score, ir.sharedLoad(layout.array, at(key)))),
    )
    k.barrier()
  }
}

/** Stores the scores of pairs inside row groups whose keys are in the slice. */
function storeNear(k: Author, chunk: Chunk, near: NearPairs, start: Value): void {
  const four = k.let('nearFour', fourOf(near.keys))
  const inSlice = ir.eq(ir.div(four, foursOfSlice), ir.div(start, keysOfSlice))
  k.if(ir.and(ir.eq(near.set, 0), inSlice), () =>
    near.scores.forEach((score, lane) => {
      const key = k.let(`nearKey${lane}`, ir.add(ir.mul(four, lanes), lane))
      storeScores(k, chunk, fourOf(near.rows), key, `nearScore${lane}`, score)
    }),
  )
}
