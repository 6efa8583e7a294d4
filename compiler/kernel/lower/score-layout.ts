/**
 * A tile of query rows × keys in a workgroup: what a thread has of it, and the memory that its panels, the exchange of
 * numbers by rows, and the weights on their way to the values take in turn.
 */
import type { Tile } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { SharedArray, Value } from '../kernel.ts'
import { loadedStride, oddStride } from './panel.ts'
import type { Four, Panel } from './panel.ts'
import { across, columnGroup, lanes, nth, range, rowGroup, tileArray, vectorsOf } from './tile.ts'

/** Entries of rows that are in workgroup memory at a time, unless the tile says otherwise. */
const usualDepth = 16

/** Where things are. */
export interface ScoreLayout {
  /** The workgroup's only array: what has been read makes room for what comes next. */
  readonly array: SharedArray
  readonly depth: number
  /** Entries of the rows. */
  readonly queries: Panel
  readonly keys: Panel
  /** Weights by key of a slice. */
  readonly weights: Panel
  /** A number of each row from each thread across the tile, by thread. */
  readonly exchanged: Panel
  /** Keys whose weights are in memory at a time: those in some lanes of the threads' registers. */
  readonly slice: { readonly keys: number; readonly lanes: number; readonly count: number }
  /** The groups of four rows that a thread has, counted over the tile. */
  readonly rowFours: readonly Four[]
  /** A row, counted over the tile, in a lane of one of these. */
  readonly rowAt: (four: Value, lane: number) => Value
  /** The same of keys. A group has every so-manieth key, so that a slice is of consecutive ones. */
  readonly keyFours: readonly Four[]
  readonly keyAt: (four: Value, lane: number) => Value
}

/** The layout of a tile of rows that are `width` long. */
export function scoreLayout(tile: Tile, width: number): ScoreLayout {
  const { rows, steps, depth = usualDepth } = tile
  const [ofRows, ofKeys, threads] = [rows / lanes, steps / lanes, across(tile)]
  const queryStride = loadedStride(ofRows, depth, width)
  const keyStride = loadedStride(ofKeys, depth, width)
  const stride = oddStride(ofRows)
  const queriesLength = queryStride * depth
  const needed = Math.max(queriesLength + keyStride * depth, stride * threads)
  const lengthOfSlice = (count: number): number => stride * count * ofKeys
  const lanesAtOnce = [4, 2].find((count) => lengthOfSlice(count) <= needed) ?? 1
  const array = tileArray('tile', 1, Math.max(needed, lengthOfSlice(lanesAtOnce)))
  const vectors = vectorsOf(tile, rows)
  const panel = (fours: number, stride: number, first = 0): Panel => ({ array, first, fours, stride })
  return {
    array,
    depth,
    queries: panel(ofRows, queryStride),
    keys: panel(ofKeys, keyStride, queriesLength),
    weights: panel(ofRows, stride),
    exchanged: panel(ofRows, stride),
    slice: { keys: lanesAtOnce * ofKeys, lanes: lanesAtOnce, count: lanes / lanesAtOnce },
    rowFours: range(vectors).map((more) => ({ of: ir.mul(rowGroup, vectors), more })),
    rowAt: (four, lane) => ir.add(ir.mul(four, lanes), lane),
    keyFours: range(ofKeys / threads).map((group) => ({ of: columnGroup, more: group * threads })),
    keyAt: (four, lane) => ir.add(four, lane * ofKeys),
  }
}

/** Where in its tile the row in a lane of the thread's vectors is. */
export const rowOf = ({ rowFours, rowAt }: ScoreLayout, vector: number, lane: number): Value =>
  rowAt(fourOf(nth(rowFours, vector)), lane)

/** Where in its tile the thread's key `item` is. */
export const keyOf = ({ keyFours, keyAt }: ScoreLayout, item: number): Value =>
  keyAt(fourOf(nth(keyFours, Math.floor(item / lanes))), item % lanes)

/** Which of its tile's groups of rows or keys it is. */
export const fourOf = ({ of, more }: Four): Value => ir.add(of, more)
