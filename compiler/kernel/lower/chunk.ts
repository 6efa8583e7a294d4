/**
 * A workgroup of *finish*: the query rows of a chunk, and where the attention is causal the chunk's key rows, with what a
 * thread sums for its rows. A thread has eight rows, which are a *row group*, and some value columns; of a tile of features
 * it has four components. Of the pairs of rows with keys of earlier row groups it has a block, of some row group; these
 * blocks are as many as threads, so that none is computed of keys that its rows do not see. Pairs inside row groups are apart.
 */
import type { FinishPass, Schedule, ScheduledBlock } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Name } from '../author.ts'
import type { Binding, SharedArray, Value } from '../kernel.ts'
import type { Elapsed } from './action.ts'
import type { Frame } from './frame.ts'
import { loadedStride, oddStride } from './panel.ts'
import type { Four, Panel } from './panel.ts'
import type { StateLayout } from './state-layout.ts'
import { across, columnGroup, lanes, nth, range, rowGroup, tileArray } from './tile.ts'
import type { Columns } from './tile.ts'

/** Groups of four rows of a thread. */
export const vectors = 2
/** Rows of a row group. */
export const rowsOfGroup = vectors * lanes
/** Keys whose weights are in workgroup memory at a time. */
export const keysOfSlice = 16
/** Sets of threads that share the components of the pairs inside row groups: one has a thread for each 4 × 4 of them. */
export const setsOf = ({ threads, rows }: FinishPass['tile']): number =>
  (threads * lanes * lanes) / (rows * rowsOfGroup)

/** The operands of a workgroup of *finish*, and its threads' registers. */
export interface Chunk extends Pick<Frame, 'action' | 'binding' | 'counts' | 'maxima'> {
  readonly schedule: Schedule
  readonly pass: FinishPass
  readonly scaled: boolean
  readonly layout: ChunkLayout
  readonly columns: Columns
  /** The first row of the chunk. */
  readonly firstRow: Value
  /** How many keys of the chunk there are, and the same as f32. */
  readonly keys: Value
  readonly keyCount: Value
  /** The number of the thread's first row in the chunk, f32. */
  readonly firstNumber: Value
  /** What rows have done to the state until the row before the chunk. */
  readonly sinceState: Elapsed
  /** The state of all rows before the chunk. */
  readonly state: {
    readonly buffer: Binding
    readonly layout: StateLayout
    readonly start: Value
    /** The same in units of the columns. */
    readonly fours: Value
  }
  /** The vec4 row groups of the thread. */
  readonly rows: readonly ChunkRows[]
  /** Pairs of rows with keys of earlier row groups and of their own, where the attention is causal. */
  readonly pairs: { readonly far: FarPairs; readonly near: NearPairs } | undefined
}

/** Four rows of a thread. */
export interface ChunkRows {
  readonly four: Four
  /** Its number among the fours of the tile. */
  readonly group: Value
  /** Numerators by column, and the denominator: before pairs, the part of it that the thread's components give. */
  readonly sums: readonly Name[]
  readonly total: Name
  /** The running scale, where sums are scaled. */
  readonly scale: Name | undefined
}

/** Some rows of a row group by four keys of earlier groups. */
export interface FarPairs {
  /** Whether the thread has any. */
  readonly exist: Value
  /** The row group, and its rows by their fours. */
  readonly group: Value
  readonly rows: readonly FarRows[]
  readonly keys: Four
}

/** Four rows of a thread's far pairs. */
export interface FarRows {
  readonly four: Four
  /** φ(q)·φ(k) by key. */
  readonly scores: readonly Name[]
  /** The rows' running scale, where sums are scaled. */
  readonly scale: Name | undefined
}

/** Four rows of a row group by four keys of the same group, of which a thread sums every so-manieth component. */
export interface NearPairs {
  readonly set: Value
  /** The rows and the keys, by their fours. */
  readonly rows: Four
  readonly keys: Four
  /** By key. */
  readonly scores: readonly Name[]
  /** The rows' running scale, where sums are scaled. */
  readonly scale: Name | undefined
}

/** A tile of features: components of a block. */
export interface FeatureTile {
  /** Index of the block, among those of its side. */
  readonly block: number
  /** The tile's first component, within the block, and counted over all blocks. */
  readonly component: Value
  readonly feature: Value
  readonly count: Value
}

/** Where things are; what has been read makes room for what comes next. */
export interface ChunkLayout {
  readonly array: SharedArray
  /** Components of φ that are in workgroup memory at a time. */
  readonly components: number
  /** Entries of rows and projections. */
  readonly rows: Panel
  readonly projections: Panel
  /** φ(q), or what weighs the keys before the row's group where sums are scaled. */
  readonly query: Panel
  /** φ(k), or its exponents. */
  readonly key: Panel
  readonly keyCoefficient: Panel
  /** Exponents of φ(q) over the rows' scales, for the pairs inside row groups, and its coefficients. */
  readonly queryExponent: Panel
  readonly queryCoefficient: Panel
  /** A number of each row from each thread across the tile. */
  readonly exchanged: Panel
  /** Scales of a thread's components for each row group. */
  readonly groupScales: (component: Value, group: Value) => Value
  /** Weights by key of a slice. */
  readonly weights: Panel
  /** Numbers of components for each row group: their scales before it, and what the state is weighed by. */
  readonly scales: SharedArray
  readonly ofState: SharedArray
  readonly scaleAt: (component: Value, group: Value) => Value
}

/** Entries of rows and projections that are in workgroup memory at a time. */
export const depth = 16
const [mostComponents, fewComponents] = [8, 4]

/** Whether the components of a block have coefficients beside their exponents. */
export const hasCoefficient = (block: ScheduledBlock | undefined): boolean =>
  block?.term.kind === 'scaled' && block.term.coefficient !== undefined

/** Whether the components of any block have. */
const haveCoefficients = (pass: FinishPass): boolean =>
  [...pass.query.blocks, ...pass.key.blocks].some(hasCoefficient)

/** The layout of a pass, and the arrays that its kernel has to declare. */
export function chunkLayout(
  { dim }: Schedule,
  pass: FinishPass,
): {
  readonly layout: ChunkLayout
  readonly shared: readonly SharedArray[]
} {
  const { tile, causal, scaling } = pass
  const [fours, threads] = [tile.rows / lanes, across(tile)]
  const groups = tile.rows / rowsOfGroup
  const scaled = scaling === 'scaled'
  const coefficients = haveCoefficients(pass)
  const components = coefficients ? fewComponents : mostComponents
  const rowStride = oddStride(fours)
  const length = rowStride * components
  // One behind the other: query, key, exponents of queries, coefficients of keys, of queries.
  const panels = causal ? (scaled ? (coefficients ? 5 : 3) : 2) : 1
  const projects = pass.query.blocks.some(({ projected }) => projected)
  const loaded = (of: number): number => loadedStride(of, depth, dim)
  const ofProjections = tile.steps / lanes
  const ofRows = loaded(fours) * depth
  const toProject = projects ? ofRows + loaded(ofProjections) * depth : 0
  const inTurn = [panels * length, toProject, rowStride * threads, causal ? rowStride * keysOfSlice : 0]
  const array = tileArray('tile', 1, Math.max(...inTurn))
  const panel = (first = 0): Panel => ({ array, first, fours, stride: rowStride })
  const stride = groups + 1
  const marks = (name: string): SharedArray => ({ name, element: 'f32', length: components * stride })
  const [scales, ofState] = [marks('scales'), marks('ofState')]
  return {
    layout: {
      array,
      components,
      rows: { array, first: 0, fours, stride: loaded(fours) },
      projections: { array, first: ofRows, fours: ofProjections, stride: loaded(ofProjections) },
      query: panel(),
      key: panel(length),
      queryExponent: panel(2 * length),
      keyCoefficient: panel(3 * length),
      queryCoefficient: panel(4 * length),
      exchanged: panel(),
      groupScales: (component, group) => ir.add(ir.mul(component, stride), group),
      weights: panel(),
      scales,
      ofState,
      scaleAt: (component, group) => ir.add(ir.mul(component, stride), group),
    },
    shared: [array, ...(causal && scaled ? [scales, ofState] : [])],
  }
}

/** The groups of four rows that a thread has. */
export const rowFours = (): Four[] => range(vectors).map((more) => ({ of: ir.mul(rowGroup, vectors), more }))

/** Components of a tile that a thread has. */
export const itemsOf = (tile: FinishPass['tile']): number => tile.steps / across(tile)

/** The component of the tile that is the thread's number `item`. */
export const componentOf = (pass: FinishPass, item: number): Value =>
  ir.add(columnGroup, item * across(pass.tile))

/** One of a thread's numbers by vector and item. */
export const numberOf = (numbers: readonly (readonly Value[])[], vector: number, item: number): Value =>
  nth(nth(numbers, vector), item)
