/** What the parts of a walk share: its scratch, the chunk of rows that it is at, and the stretch of them that its weights hold for. */
import type { Schedule, WalkPass } from '../../schedule/schedule.ts'
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import type { SharedArray, Value } from '../kernel.ts'
import type { StateAction } from '../lower/action.ts'
import { roundedUp } from './panels.ts'
import type { Powers } from './powers.ts'
import { tileColumns, tileRows } from './tile-product.ts'
import type { Panel } from './tile-product.ts'

/** Arrays of f32 that every walk keeps. */
export interface WalkArrays {
  /** Weights by feature and row of the chunk. */
  readonly ofKeys: SharedArray
  readonly ofQueries: SharedArray
  /** Weights of the pairs of a chunk, by key and row. */
  readonly pairs: SharedArray
  /** S in panels of eight columns, both columns and features padded to tiles: see `sumsAt`. */
  readonly sums: SharedArray
  /** z, by feature. */
  readonly totals: SharedArray
  /** By row of the chunk: 1 where its key is of the stretch, else 0. */
  readonly seen: SharedArray
  /** By row of the chunk: what its key's weights add to z, where that is not 1. */
  readonly ofTotals?: SharedArray
  /** Of the chunk's rows: denominators, where some may have to be mended. */
  readonly denominators: SharedArray
}

/** Rows of the chunk, counted from its first one. */
export interface Stretch {
  readonly from: Value
  readonly to: Value
  /** Where its keys end, at `to` or before. */
  readonly keysTo: Value
}

/** Where the rows of a chunk go. */
export interface OutRows {
  /** Declares what all rows need, and gives the index at which the row of a place begins. */
  readonly begin: (k: Author) => (place: Value) => Value
  /** Whether the row of a place is there; by default each row of the stretch is. */
  readonly there?: (place: Value) => Value
  /** Stores a number or four: over what is there, or added to it. */
  readonly store: (k: Author, index: Value, value: Value) => void
}

/** Sizes and operands that all parts of a walk share. */
export interface Chunk {
  readonly schedule: Schedule
  readonly pass: Pick<WalkPass, 'rows' | 'causal' | 'division' | 'mended' | 'scaling'>
  readonly arrays: WalkArrays
  /** Columns of S and of values as they are multiplied: a multiple of a tile's. */
  readonly columns: number
  /** Values of the chunk's keys from a column on, row by row. */
  readonly values: (column: Value) => Panel
  readonly out: OutRows
  /** Log-scales of the chunk's rows, where sums are scaled. */
  readonly rowScales?: SharedArray
  /** What rows do to the scales of the state, and to plain sums. */
  readonly action: StateAction
  readonly powers: Powers
}

/**
 * Index in `sums` of a feature's numbers in eight columns, from a multiple of eight on. They lie feature after feature,
 * so that a tile product reads along, and eight columns of many features fit into a first-level cache.
 */
export const sumsAt = ({ schedule }: Pick<Chunk, 'schedule'>, feature: Value, column: Value): Value =>
  ir.add(ir.mul(column, roundedUp(schedule.features, tileRows)), ir.mul(feature, tileColumns))

/** A multiple of `size`, not above the value. */
export const downTo = (value: Value, size: number): Value => ir.mul(ir.div(value, size), size)
