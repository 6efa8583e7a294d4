/**
 * The pairs inside a chunk, where the attention is causal: their scores, which are in registers, pass through workgroup
 * memory as weights of the values, a slice of keys after another.
 */
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { Value } from '../kernel.ts'
import { keysOfSlice, rowsOfGroup, setsOf } from './chunk.ts'
import type { Chunk, FarPairs, NearPairs } from './chunk.ts'
import { visible } from './frame.ts'
import { fromPanel, panelPlace } from './panel.ts'
import type { Four } from './panel.ts'
import { rowsOfCall, rowStart } from './row-places.ts'
import { fourOf } from './score-layout.ts'
import { addProducts } from './tile-product.ts'
import { fourFrom, lanes, rowGroup, within } from './tile.ts'

/** Fours of keys of a slice. */
const foursOfSlice = keysOfSlice / lanes

/** Adds the values of the chunk's keys to the sums, each row seeing the keys up to its own. */
export function addPairs(k: Author, chunk: Chunk, { far, near }: NonNullable<Chunk['pairs']>): void {
  const { keys } = chunk
  k.comment('pairs inside the chunk: key j for rows i ≥ j')
  joinNear(k, chunk, near)
  k.loop('keySlice', 0, ir.div(ir.add(keys, keysOfSlice - 1), keysOfSlice), (slice) => {
    const start = k.let('firstOfSlice', ir.mul(slice, keysOfSlice))
    storeFar(k, chunk, far, slice)
    storeNear(k, chunk, near, start)
    k.barrier()
    // Rows before the first key of the slice see none of it.
    k.if(ir.gt(ir.mul(ir.add(rowGroup, 1), rowsOfGroup), start), () => addSlice(k, chunk, start))
    k.barrier()
  })
}

/** Stores the thread's scores of far pairs, where their keys are in the slice. */
function storeFar(k: Author, chunk: Chunk, { exist, rows, keys }: FarPairs, slice: Value): void {
  const inSlice = ir.eq(ir.div(fourOf(keys), foursOfSlice), slice)
  k.if(ir.and(exist, inSlice), () =>
    rows.forEach(({ four, scores }, vector) =>
      storeScores(k, chunk, {
        name: `${vector}`,
        rows: four,
        firstRow: ir.convert('f32', ir.mul(fourOf(four), lanes)),
        keys: fourOf(keys),
        scores,
      }),
    ),
  )
}

/** The scores of four keys for four rows. */
interface StoredScores {
  /** Keeps names apart. */
  readonly name: string
  readonly rows: Four
  /** The number of the first row in the chunk, f32. */
  readonly firstRow: Value
  /** The number of the keys among the fours of the chunk. */
  readonly keys: Value
  /** By key. */
  readonly scores: readonly Value[]
}

/** Stores scores, 0 for rows that do not see the key. */
function storeScores(
  k: Author,
  { action, scaled, layout, keyCount }: Chunk,
  { name, rows, firstRow, keys, scores }: StoredScores,
): void {
  const numbers = k.let(`rowsOf${name}`, fourFrom(firstRow))
  // No row sees a key that is none.
  const last = k.let(`lastSeenOf${name}`, ir.call('min', numbers, ir.splat(ir.sub(keyCount, 1))))
  const firstKey = k.let(`firstKeyOf${name}`, ir.convert('f32', ir.mul(keys, lanes)))
  const place = k.let(`placeOf${name}`, ir.mod(keys, foursOfSlice))
  for (const [lane, sum] of scores.entries()) {
    const key = ir.splat(ir.add(firstKey, lane))
    const score = scaled ? sum : action.after(ir.sub(numbers, key)).shrink(sum)
    k.sharedStore(
      layout.array,
      // Fours of keys lie apart, so that threads that store them meet no bank twice.
      panelPlace(layout.weights, place, rows, lane * foursOfSlice),
      ir.call('atMost', key, last, score, ir.splat(0)),
    )
  }
}

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
    k.loop('step', 0, lanes, (step) => {
      const at = ir.add(ir.mul(step, foursOfSlice), four)
      const weights = rows.map((row, vector) =>
        k.let(`pair${vector}`, fromPanel(layout.weights, at, row.four)),
      )
      const row = rowStart(values, within(ir.add(first, step), visible))
      addProducts(k, groups, { weights, entries: columns.load(k, binding('v'), row) })
    })
  })
}

/** Puts together what the sets of threads have of the pairs inside row groups; the first set has the sums. */
function joinNear(k: Author, { layout, pass }: Chunk, near: NearPairs): void {
  const sets = setsOf(pass.tile)
  const threads = pass.tile.threads / sets
  const own = k.let('ownPairs', ir.mod(ir.thread, threads))
  const at = (key: number): Value => ir.add(ir.mul(own, lanes + 1), key)
  k.rolled('otherSet', 1, sets, 1, (set) => {
    k.if(ir.eq(near.set, set), () =>
      near.scores.forEach((score, key) => k.sharedStore(layout.array, at(key), score)),
    )
    k.barrier()
    k.if(ir.eq(near.set, 0), () =>
      near.scores.forEach((score, key) => k.add(score, ir.sharedLoad(layout.array, at(key)))),
    )
    k.barrier()
  })
}

/** Stores the scores of pairs inside row groups whose keys are in the slice. */
function storeNear(k: Author, chunk: Chunk, near: NearPairs, start: Value): void {
  const keys = k.let('nearFour', fourOf(near.keys))
  const inSlice = ir.eq(ir.div(keys, foursOfSlice), ir.div(start, keysOfSlice))
  k.if(ir.and(ir.eq(near.set, 0), inSlice), () => {
    const firstRow = ir.convert('f32', ir.mul(fourOf(near.rows), lanes))
    storeScores(k, chunk, { name: 'Near', rows: near.rows, firstRow, keys, scores: near.scores })
  })
}
