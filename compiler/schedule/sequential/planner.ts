/** Plans for a processor: the passes of workgroups, of which some are laid out for one thread and its caches. */
import { modelChoices } from '../choices.ts'
import type { Attend, Planner, Product } from '../planner.ts'
import type { Tile } from '../schedule.ts'
import { attentionIn, fusedPasses, productsIn } from '../workgroups/planner.ts'
import { scheduleFactorised } from '../workgroups/factorised.ts'
import { recurPass } from '../workgroups/recur.ts'
import { retraced } from './retrace.ts'
import { walked } from './walk.ts'

/** The planner of targets whose workgroups are one thread. */
export const sequentialPlanner: Planner = {
  ...fusedPasses(modelChoices),
  ...attentionIn(attentionTile),
  ...productsIn(productTile),
  recur: (from) => ({ passes: [recurPass(from, 1, columnsInCache(from.valueDim))], buffers: [] }),
  // A product of tiles in cache is faster than a transform whose numbers take turns.
  factorised: (attention, carry) => walked(scheduleFactorised(attention, carry, false)),
  cotangents: retraced,
}

/** Query rows of a tile, and the numbers that they and their sums may have: a fraction of a second-level cache. */
const most = 64
const numbersOfTile = 32768
const decided = 32
/** Fewer rows fill no tile product. */
const fewest = 8

/**
 * A tile of queries with their sums, and twice as many keys with their values, as caches hold them. A mask of a file's
 * own is decided for a tile at a time: its blocks are seldom larger than `decided` keys, and a tile that spans two of
 * them has to be computed.
 */
function attentionTile({ attention: { dim, mask }, columns }: Attend): Tile {
  const fits = Math.floor(numbersOfTile / (dim + columns) / fewest) * fewest
  const rows = Math.min(most, Math.max(fewest, fits))
  const steps = mask.kind === 'condition' ? Math.min(decided, 2 * rows) : 2 * rows
  return { threads: 1, rows, steps, columns: Math.ceil(columns / 4) * 4 }
}

/** A tile of rows of the left matrix with their sums, and as many of the right one. */
function productTile({ left, columns }: Product): Tile {
  const fits = Math.floor(numbersOfTile / columns / fewest) * fewest
  const rows = Math.min(most, Math.ceil(left.count / 4) * 4, Math.max(fewest, fits))
  return { threads: 1, rows, steps: rows, columns: Math.ceil(columns / 4) * 4 }
}

/** Columns of S that a thread takes through all rows: their sums are in registers, and they fill a first-level cache. */
const mostColumns = 16

/** As many for each workgroup as leave the fewest without work, in fours. */
function columnsInCache(valueDim: number): number {
  const fours = Math.ceil(valueDim / 4)
  return 4 * Math.ceil(fours / Math.ceil((4 * fours) / mostColumns))
}
