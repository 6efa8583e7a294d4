/** The tile of a decoding step: how a workgroup is laid over the state of a group. */
import { entriesApart } from '../schedule.ts'
import type { Features, Tile } from '../schedule.ts'

/** Threads of a workgroup at most, and those along the columns of S. */
const most = 256
const mostAcross = 128
/** Components that a workgroup takes at a time where none is projected. */
const manyComponents = 256

/**
 * Neighbouring threads have neighbouring columns, and as many features lie side by side as there are threads for, so that
 * they read S as it lies in memory. Columns are as many as there are, or half, a third …; `steps` are components.
 */
export function stepTile(valueDim: number, sides: readonly Features[]): Tile {
  const times = Math.ceil(valueDim / mostAcross)
  const across = inFours(valueDim / times)
  const threads = across * Math.floor(most / across)
  const blocks = sides.flatMap((side) => side.blocks)
  const atMost = blocks.some(({ projected }) => projected)
    ? 4 * Math.floor(threads / entriesApart)
    : manyComponents
  const largest = Math.max(...blocks.map(({ size }) => size))
  const steps = inFours(largest / Math.ceil(largest / atMost))
  return { threads, across, rows: 4, steps, columns: across * times }
}

/** The next multiple of four. */
const inFours = (count: number): number => 4 * Math.ceil(count / 4)
