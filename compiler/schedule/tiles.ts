/** Tile sizes. They fit the default limits of a WebGPU device; a device's own tuning may come to differ. */
import type { Tile } from './schedule.ts'

/** 8 × 8 threads of four rows by four columns and more. */
export const threads = 64
export const rowsOfTile = 32
const threadsAlong = 8

/** A thread's value columns come four at a time, up to sixteen. */
const widest = 4

/** A tile over value columns that wastes the fewest registers, taking `steps` at a time. */
export function valueTile(valueDim: number, steps: number): Tile {
  const groups = Math.ceil(valueDim / (threadsAlong * 4))
  const tiles = Math.ceil(groups / widest)
  return { threads, rows: rowsOfTile, steps, columns: Math.ceil(groups / tiles) * threadsAlong * 4 }
}
