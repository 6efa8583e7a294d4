/**
 * A tile of scores on its way through shared memory: each thread computes those of four rows by four keys, and then
 * needs those of its rows for all keys of the tile.
 */
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { SharedArray, Target, Value } from '../kernel.ts'
import { raiseScale, relativeTo } from './running-scale.ts'
import { columnGroup, inLanes, lanes, place, rowGroup, tileArray } from './tile.ts'
import type { Lane } from './tile.ts'

/** Shared arrays of a tile of rows × keys: a vec4f of four rows by (key, row group). */
export interface ScoreTile {
  /** Weights, once they are known. */
  readonly pairs: SharedArray
  /** log₂, where weights are scaled. */
  readonly exponents: SharedArray
}

/** A thread's sums over the keys for its four rows. */
export interface AttendedRows {
  readonly sums: readonly Target[]
  readonly total: Target
  /** The running scale, where weights are scaled. */
  readonly scale: Target | undefined
}

/** The arrays of a tile of `keys` keys. */
export const scoreTile = (keys: number): ScoreTile => ({
  pairs: tileArray('pairs', keys),
  exponents: tileArray('exponents', keys),
})

/** The number of the thread's key `item` in the tile that starts at `from`. */
export const keyAt = (from: Value, item: number): Value => ir.add(from, ir.mul(columnGroup, lanes), item)

/** Stores a number for each of the thread's keys. */
export function storeScores(k: Author, array: SharedArray, scores: readonly Value[]): void {
  scores.forEach((score, item) =>
    k.sharedStore(array, place(ir.add(ir.mul(columnGroup, lanes), item), rowGroup), score),
  )
}

/** Loads the number of a key for the thread's rows. */
export const loadScores = (array: SharedArray, key: Value): Value =>
  ir.sharedLoad(array, place(key, rowGroup))

/**
 * Takes the exponents that lie in `exponents` into the rows' running scale, and stores the weights of the thread's
 * pairs over it; `weight` gives one from 2^(exponent − scale).
 */
export function storeWeights(
  k: Author,
  tile: ScoreTile,
  { sums, total, scale }: AttendedRows & { readonly scale: Target },
  count: Value,
  exponents: readonly Value[],
  weight: (item: number, lane: Lane, power: Value) => Value,
): void {
  raiseScale(k, { scale, sums: [total, ...sums] }, (raise) =>
    k.loop('j', 0, count, (j) => raise(loadScores(tile.exponents, j))),
  )
  const weights = exponents.map((exponent, item) => {
    const power = relativeTo(scale, exponent)
    // A row that has seen nothing yet has no scale to measure by.
    return inLanes((lane) => ir.select(ir.gt(ir.lane(exponent, lane), lowest), weight(item, lane, power), 0))
  })
  storeScores(k, tile.pairs, weights)
}
