/** Tile sizes. They fit the default limits of a WebGPU device; a device's own tuning may come to differ. */
import type { Tile } from './schedule.ts'

/** Threads of a workgroup, 8 × 8; each has four rows and four columns or more. */
export const threads = 64
/** Rows of a tile; also rows of a chunk in the fused passes of a causal factorised attention. */
export const rowsOfTile = 32
const threadsAlong = 8
/** Threads of a workgroup where there is much to do, and those along its columns; a thread's share is about square. */
const manyThreads = 128
const manyAcross = 16
const square = 8

/** A thread's value columns come four at a time, up to sixteen. */
const widest = 4

/** A tile over value columns that wastes the fewest registers, taking `steps` at a time. */
export function valueTile(valueDim: number, steps: number): Tile {
  const groups = Math.ceil(valueDim / (threadsAlong * 4))
  const tiles = Math.ceil(groups / widest)
  return { threads, rows: rowsOfTile, steps, columns: Math.ceil(groups / tiles) * threadsAlong * 4 }
}

/**
 * The more square a thread's share of a product is, the fewer numbers it loads
 * for each that it multiplies. Where it has up to eight columns, it may have
 * eight rows, too: 64 sums, which registers hold everywhere.
 */
const mayBeTall = ({ columns }: Tile): boolean => columns <= threadsAlong * 8

/** A value tile in which half as many threads have twice as many rows. */
export function tallTile(valueDim: number, steps: number): Tile {
  const tile = valueTile(valueDim, steps)
  return mayBeTall(tile) ? { ...tile, threads: threads / 2 } : tile
}

/** A value tile for products with up to `count` features, in which as many threads have twice as many of them. */
export function featureTile(valueDim: number, count: number): Tile {
  const tile = valueTile(valueDim, rowsOfTile)
  return mayBeTall(tile) && count > tile.steps ? { ...tile, steps: 2 * tile.steps } : tile
}

/**
 * A tile for the query heads of one token that share keys and values, in fours: most of its time goes into reading
 * these, so that a thread has one key or two, and a column or a few.
 */
export function tokenTile(valueDim: number): Tile {
  const columns = Math.ceil(valueDim / threads)
  const tiles = Math.ceil(columns / square)
  return {
    threads,
    across: threads,
    rows: 4,
    steps: 4 * threads,
    columns: Math.ceil(columns / tiles) * threads,
    depth: square,
  }
}

/**
 * A tile for exact attention of many queries. A thread has 8 × 8 scores, for each of which it loads a quarter of a
 * number, and sums of 8 rows for up to 8 columns: more threads would have fewer of them, and fewer threads leave a GPU idle
 * where a few heads are long.
 */
export function attentionTile(valueDim: number): Tile {
  const columns = Math.ceil(valueDim / manyAcross)
  const tiles = Math.ceil(columns / square)
  return {
    threads: manyThreads,
    across: manyAcross,
    rows: (manyThreads / manyAcross) * square,
    steps: manyAcross * square,
    columns: Math.ceil(columns / tiles) * manyAcross,
    depth: square,
  }
}
