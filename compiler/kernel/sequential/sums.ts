/**
 * What a walk does with the weights of a chunk once they lie in scratch, [features] by rows: the pairs inside the
 * chunk, the rows of the output, and the sums over keys that the chunk leaves behind.
 *
 * A stretch is some consecutive rows of a chunk, for which the weights hold; tiles are counted from the chunk's first
 * row, and what lies in a tile beside the stretch is not used. A row's sums are taken in one order whatever comes
 * after it.
 */
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import type { SharedArray, Value } from '../kernel.ts'
import { acrossLanes, fourLanes, inLanes } from '../lower/tile.ts'
import { downTo, sumsAt } from './chunk.ts'
import { roundedUp } from './panels.ts'
import type { Chunk, Stretch } from './chunk.ts'
import { addPanels, eachOfTile, tileColumns, tileOf, tileRows } from './tile-product.ts'
import type { Depth, Panel, Tile } from './tile-product.ts'
import { rowFactors } from './row-factors.ts'

/** Φq·Φkᵀ of a stretch, nothing for rows before the key. */
export function weighPairs(k: Author, chunk: Chunk, stretch: Stretch): void {
  const { schedule, pass, arrays } = chunk
  multiplyPairs(k, chunk, stretch, {
    depth: { name: 'f', from: 0, to: schedule.features },
    ofKeys: (key) => ofRows(arrays.ofKeys, key, pass.rows),
    ofQueries: (row) => ({ load: four(arrays.ofQueries), start: row, step: pass.rows, apart: 4 }),
  })
}

/** What a number of each pair of a chunk is a sum over. */
export interface PairProducts {
  readonly depth: Depth
  /** From a key on, and from a row on. */
  readonly ofKeys: (key: Value) => Panel
  readonly ofQueries: (row: Value) => Panel
  /** What the sums of a key start from. */
  readonly initial?: (key: Value) => Value
}

/** A product for each pair of a stretch into `pairs`, nothing for rows before the key. */
export function multiplyPairs(
  k: Author,
  { pass, arrays, powers }: Chunk,
  stretch: Stretch,
  { depth, ofKeys, ofQueries, initial }: PairProducts,
): void {
  const { from, to, keysTo } = stretch
  const { rows } = pass
  k.strided('key4', downTo(from, tileRows), keysTo, tileRows, (key) =>
    k.strided('row8', downTo(ir.call('max', key, from), tileColumns), to, tileColumns, (row) => {
      const tile = tileOf(k, 'pair', initial && ((item) => ir.splat(initial(ir.add(key, item)))))
      addPanels(k, tile, depth, ofKeys(key), ofQueries(row))
      const place = k.let('pairPlace', ir.add(ir.mul(key, rows), row))
      const store = (seen: (sum: Value, item: number, column: number) => Value): void =>
        eachOfTile(tile, (sum, item, column) => {
          const since = powers.afterFour(ir.sub(ir.add(row, column), ir.add(key, item)))
          k.sharedStore(
            arrays.pairs,
            ir.add(place, item * rows + column),
            seen(since.shrink(sum), item, column),
          )
        })
      const masked = (sum: Value, item: number, column: number): Value => {
        const own = ir.add(key, item)
        return inLanes((lane) => ir.select(ir.le(own, ir.add(row, column + lane)), ir.lane(sum, lane), 0))
      }
      k.if(
        ir.lt(row, ir.add(key, tileRows - 1)),
        () => store(masked),
        () => store((sum) => sum),
      )
    }),
  )
}

/** Rows of the output: what was before the stretch, its pairs, the division. */
export function readRows(k: Author, chunk: Chunk, stretch: Stretch): void {
  const { schedule, pass, arrays, columns, values, powers } = chunk
  const { from, to, keysTo } = stretch
  const rowsOfOut = chunk.out.begin(k)
  k.strided('row4', downTo(from, tileRows), to, tileRows, (row) => {
    const keys = k.let('keysOfRows', ir.call('min', keysTo, ir.add(row, tileRows)))
    const factors = rowFactors(k, chunk, row, { from, to: keys })
    k.strided('column8', 0, columns, tileColumns, (column) => {
      const tile = tileOf(k, 'sum')
      const start = sumsAt(chunk, ir.u32(0), column)
      const sums = { load: four(arrays.sums), start, step: tileColumns, apart: 4 }
      addPanels(
        k,
        tile,
        { name: 'f', from: 0, to: schedule.features },
        ofRows(arrays.ofQueries, row, pass.rows),
        sums,
      )
      eachOfTile(tile, (sum, item) => powers.after(ir.sub(ir.add(row, item + 1), from)).apply(k, sum))
      if (pass.causal)
        addPanels(
          k,
          tile,
          { name: 'j', from, to: keys },
          ofRows(arrays.pairs, row, pass.rows),
          values(column),
        )
      for (const item of fourLanes) {
        const own = ir.add(row, item)
        k.if(isStored(chunk, own, stretch), () =>
          storeRow(k, chunk, tile, { own, item, column, begin: rowsOfOut, factors: factors(item) }),
        )
      }
    })
  })
}

/** Whether the row of a place is one of the stretch, and there. */
export function isStored({ out }: Chunk, place: Value, { from, to }: Stretch): Value {
  const inside = ir.and(ir.le(from, place), ir.lt(place, to))
  return out.there === undefined ? inside : ir.and(inside, out.there(place))
}

interface StoredRow {
  /** In the chunk, and in the tile. */
  readonly own: Value
  readonly item: number
  readonly column: Value
  /** Where the row of a place begins in the output. */
  readonly begin: (place: Value) => Value
  readonly factors: readonly Value[]
}

/** Stores the columns of a tile's row that there are. */
function storeRow(
  k: Author,
  chunk: Chunk,
  tile: Tile,
  { own, item, column, begin, factors }: StoredRow,
): void {
  const { schedule, out, columns } = chunk
  const { valueDim } = schedule
  const start = k.let(`out${item}`, ir.add(begin(own), column))
  eachOfTile(tile, (sum, ofRow, at) => {
    if (ofRow !== item) return
    const value = factors.reduce<Value>((product, factor) => ir.mul(product, ir.splat(factor)), sum)
    if (columns === valueDim) return out.store(k, ir.add(start, at), value)
    const named = k.let(`row${item}Of${at}`, value)
    k.if(
      ir.le(ir.add(column, at + 4), valueDim),
      () => out.store(k, ir.add(start, at), named),
      () => {
        for (const lane of [0, 1, 2] as const)
          k.if(ir.lt(ir.add(column, at + lane), valueDim), () =>
            out.store(k, ir.add(start, at + lane), ir.lane(named, lane)),
          )
      },
    )
  })
}

/** The stretch's keys into S and z. */
export function absorb(k: Author, chunk: Chunk, stretch: Stretch): void {
  const { schedule, pass, arrays, columns, values, powers } = chunk
  const { from, to, keysTo } = stretch
  const { rows } = pass
  const kept = powers.after(ir.sub(to, from)).named(k, 'kept')
  k.strided('feature4', 0, roundedUp(schedule.features, tileRows), tileRows, (feature) =>
    k.strided('column8', 0, columns, tileColumns, (column) => {
      const place = k.let('sumPlace', sumsAt(chunk, feature, column))
      const at = (row: number, offset: number): Value => ir.add(place, row * tileColumns + offset)
      const tile = tileOf(k, 'absorbed')
      eachOfTile(tile, (sum, row, offset) => {
        k.set(sum, kept.shrink(ir.sharedLoadFour(arrays.sums, at(row, offset))))
      })
      const keys = { load: number(arrays.ofKeys), start: ir.mul(feature, rows), step: 1, apart: rows }
      addPanels(k, tile, { name: 'j', from, to: keysTo }, keys, values(column))
      eachOfTile(tile, (sum, row, offset) => k.sharedStore(arrays.sums, at(row, offset), sum))
    }),
  )
  kept.act(() =>
    k.loop('kept_feature', 0, schedule.features, (feature) =>
      k.sharedStore(arrays.totals, feature, kept.shrink(ir.sharedLoad(arrays.totals, feature))),
    ),
  )
  absorbTotals(k, chunk, stretch)
}

function absorbTotals(k: Author, { schedule, pass, arrays }: Chunk, { from, keysTo }: Stretch): void {
  const eachFour = (word: string, then: (row: Value) => void): void =>
    k.strided(word, downTo(from, 4), keysTo, 4, then)
  eachFour('seen4', (row) => {
    const seen = inLanes((lane) => {
      const own = ir.add(row, lane)
      const whole = arrays.ofTotals === undefined ? ir.f32(1) : ir.sharedLoad(arrays.ofTotals, own)
      return ir.select(ir.and(ir.le(from, own), ir.lt(own, keysTo)), whole, 0)
    })
    k.sharedStore(arrays.seen, row, seen)
  })
  k.loop('feature', 0, schedule.features, (feature) => {
    const added = k.var('added', ir.splat(0))
    eachFour('total4', (row) => {
      const weights = ir.sharedLoadFour(arrays.ofKeys, ir.add(ir.mul(feature, pass.rows), row))
      k.set(added, ir.call('fma', weights, ir.sharedLoadFour(arrays.seen, row), added))
    })
    k.sharedStore(
      arrays.totals,
      feature,
      ir.add(ir.sharedLoad(arrays.totals, feature), acrossLanes(added, ir.add)),
    )
  })
}

export const number =
  (array: SharedArray) =>
  (index: Value): Value =>
    ir.sharedLoad(array, index)
export const four =
  (array: SharedArray) =>
  (index: Value): Value =>
    ir.sharedLoadFour(array, index)

/** Numbers of consecutive rows, for each feature or key that is summed over. */
export const ofRows = (array: SharedArray, row: Value, rows: number): Panel => ({
  load: number(array),
  start: row,
  step: rows,
  apart: 1,
})
