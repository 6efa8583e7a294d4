/** What the sums of four rows are multiplied by in the end, from their denominators and their scales. */
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import type { SharedArray, Value } from '../kernel.ts'
import { rowFactor, wholeFactor } from '../lower/readout.ts'
import { largestExponent } from '../../symbolic/single.ts'
import { fourLanes } from '../lower/tile.ts'
import type { Lane } from '../lower/tile.ts'
import type { Chunk } from './chunk.ts'

/**
 * Declares the factors of the rows from `row` of the chunk on, and gives those of one of them: none, one, or two where
 * one might not be finite.
 *
 * @param pairs the keys inside the stretch that the rows see, and some whose pairs weigh nothing
 */
export function rowFactors(
  k: Author,
  chunk: Chunk,
  row: Value,
  pairs: { readonly from: Value; readonly to: Value },
): (item: Lane) => readonly Value[] {
  const { pass, arrays, rowScales } = chunk
  const scale = rowScales && k.let('rowScale4', ir.sharedLoadFour(rowScales, row))
  if (pass.division.kind === 'none') {
    if (scale === undefined) return () => []
    // A scale may be ahead of what it measures: the power of all of it might be too large where the product is not.
    const half = k.let('half', ir.call('exp2', ir.call('min', ir.mul(scale, ir.splat(0.5)), largestExponent)))
    return (item) => [ir.lane(half, item), ir.lane(half, item)]
  }
  const total = totalOf(k, chunk, row, pairs)
  if (pass.mended !== undefined) {
    k.sharedStore(arrays.denominators, row, total)
    const factors = k.let('factors', wholeFactor(pass, total))
    return (item) => [ir.lane(factors, item)]
  }
  const factors = fourLanes.map((lane) => {
    const factor = rowFactor(pass, ir.lane(total, lane), scale && ir.lane(scale, lane))
    return factor && k.let(`factor${lane}`, factor)
  })
  return (item) => {
    const factor = factors[item]
    return factor === undefined ? [] : [factor]
  }
}

/** Denominators of four rows. */
function totalOf(
  k: Author,
  { schedule, pass, arrays, powers }: Chunk,
  row: Value,
  pairs: { readonly from: Value; readonly to: Value },
): Value {
  const total = k.var('total', ir.splat(0))
  const weights = (array: SharedArray, index: Value): Value =>
    ir.sharedLoadFour(array, ir.add(ir.mul(index, pass.rows), row))
  k.loop('g', 0, schedule.features, (f) => {
    const z = ir.splat(ir.sharedLoad(arrays.totals, f))
    k.set(total, ir.call('fma', weights(arrays.ofQueries, f), z, total))
  })
  powers.afterFour(ir.sub(ir.add(row, 1), pairs.from)).apply(k, total)
  if (pass.causal) k.loop('h', pairs.from, pairs.to, (key) => k.add(total, weights(arrays.pairs, key)))
  return total
}
