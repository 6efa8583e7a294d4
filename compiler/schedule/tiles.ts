/** Tile sizes. They fit the default limits of a WebGPU device; a device's own tuning may come to differ. */
import type { Tile } from './schedule.ts'

/** Threads of a workgroup, 8 × 8; each has four rows and four columns or more. */
export const threads = 64
/** Rows of a tile. */
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
 * Rows of a chunk of a causal factorised attention. A row has half a chunk of pairs, each of as much work as it has features
 * and columns; and of the traffic of states it bears a share that grows with the size of a state, and is the smaller the
 * longer a chunk is. Both are least together where a chunk has as many rows as the root of their quotient says; the factor
 * is what GPUs of the cost model make of it.
 */
export function rowsOfChunk(features: number, valueDim: number): number {
  const rows = rowsForState * Math.sqrt((features * valueDim) / (features + valueDim))
  return chunks.find((count) => rows <= Math.SQRT2 * count) ?? mostRows
}

/** Half as many where that is a chunk: twice the workgroups, for calls of which a GPU has too few. */
export const shortChunk = (features: number, valueDim: number): number =>
  Math.max(rowsOfTile, rowsOfChunk(features, valueDim) / 2)

/** Rows of chunks, which are those of tiles. */
const [chunks, mostRows] = [[32, 64], 128]
const rowsForState = 18

/**
 * A tile of *finish*: a thread has eight rows by four value columns, and eight rows or four by four keys.
 *
 * @param rows of a chunk
 * @param coefficients whether components have coefficients beside exponents, so that a thread holds twice as much of φ
 */
export function finishTile(valueDim: number, rows: number, coefficients: boolean): Tile {
  const few = coefficients ? Math.min(rows, mostRows / 2) : rows
  const along = few === rowsOfTile ? threadsAlong : manyAcross
  const columns = Math.ceil(valueDim / along)
  const tiles = Math.ceil(columns / widest)
  return {
    threads: (few / square) * along,
    across: along,
    rows: few,
    steps: along * 4,
    columns: Math.ceil(columns / tiles) * along,
  }
}

/** Components of φ that a workgroup has in *reduce* at most, by the threads along its columns, and at least. */
const [mostSums, fewestComponents] = [1024, 32]

/**
 * A tile of *reduce*: a thread has eight components of φ by up to eight value columns, for each of which it loads a quarter
 * of a number from workgroup memory. Where components are few, so are workgroups, and more threads share the columns.
 */
export function sumTile(valueDim: number, largestBlock: number): Tile {
  // Of fewer columns they would have none.
  const few = largestBlock <= 2 * fewestComponents && valueDim > threadsAlong * 4
  const along = few || valueDim > threadsAlong * square ? manyAcross : threadsAlong
  const fours = Math.ceil(valueDim / (along * 4))
  const tiles = Math.ceil((fours * 4) / square)
  const most = mostSums / along
  const steps = [fewestComponents, 2 * fewestComponents].find((count) => count >= largestBlock) ?? most
  return {
    threads: (steps / square) * along,
    across: along,
    rows: along * 4,
    steps,
    columns: Math.ceil(fours / tiles) * along * 4,
  }
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
