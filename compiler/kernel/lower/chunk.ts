/**
 * A workgroup of *finish*: 32 query rows of a chunk, and where the attention is causal the chunk's key rows, with
 * what a thread sums for its rows and the shared arrays that tiles of features pass through.
 */
import type { FinishPass, Schedule, ScheduledBlock } from '../../schedule/schedule.ts'
import type { Name } from '../author.ts'
import type { Binding, SharedArray, Value } from '../kernel.ts'
import type { Elapsed } from './action.ts'
import type { Frame } from './frame.ts'
import type { StateLayout } from './state-layout.ts'
import { tileArray } from './tile.ts'

/** The operands of a workgroup of *finish*, and its threads' registers. */
export interface Chunk extends Pick<Frame, 'action' | 'binding' | 'counts' | 'maxima'> {
  readonly schedule: Schedule
  readonly pass: FinishPass
  readonly scaled: boolean
  readonly arrays: ChunkArrays
  /** The first row of the chunk. */
  readonly firstRow: Value
  /** What rows have done to the state until the row before the chunk. */
  readonly sinceState: Elapsed
  /** The state of all rows before the chunk. */
  readonly state: { readonly buffer: Binding; readonly layout: StateLayout; readonly start: Value }
  /** The vec4 row groups of the thread. */
  readonly rows: readonly ChunkRows[]
}

/** A vec4 row group of a thread. */
export interface ChunkRows {
  /** Its number among the row groups of the tile. */
  readonly group: Value
  /** Numerators by column, and the denominator. */
  readonly sums: readonly Name[]
  readonly total: Name
  /** φ(q)·φ(k) with each of the thread's four keys, where the attention is causal. */
  readonly scores: readonly Name[]
  /** The running scale, where sums are scaled. */
  readonly scale: Name | undefined
}

/** A tile of features: components of a block. */
export interface FeatureTile {
  /** Index of the block, among those of its side. */
  readonly block: number
  /** The tile's first component, counted over all blocks. */
  readonly first: Value
  readonly count: Value
}

/** Shared arrays of one tile of components, each a vec4f of four rows by (component, row group). */
export interface ChunkArrays {
  /** φ(q), or its exponents where sums are scaled. */
  readonly query: SharedArray
  readonly queryCoefficient: SharedArray
  readonly key: SharedArray
  readonly keyCoefficient: SharedArray
  /** Running scales of the features down the rows; then the weights of the state. */
  readonly scale: SharedArray
  /** Which of them holds the weights of the state: `query`, or `scale` where sums are scaled. */
  readonly weight: SharedArray
}

/** The arrays of a pass, and those that its kernel has to declare. */
export function chunkArrays({ tile, causal, scaling, query: ofQuery, key: ofKey }: FinishPass): {
  readonly arrays: ChunkArrays
  readonly shared: readonly SharedArray[]
} {
  const array = (name: string): SharedArray => tileArray(name, tile.steps)
  const scaled = scaling === 'scaled'
  const [query, queryCoefficient] = [array('query'), array('queryCoefficient')]
  const [key, keyCoefficient] = [array('key'), array('keyCoefficient')]
  const scale = array('scale')
  return {
    arrays: { query, queryCoefficient, key, keyCoefficient, scale, weight: scaled ? scale : query },
    shared: [
      query,
      ...(ofQuery.blocks.some(hasCoefficient) ? [queryCoefficient] : []),
      ...(causal ? [key] : []),
      ...(causal && ofKey.blocks.some(hasCoefficient) ? [keyCoefficient] : []),
      ...(scaled ? [scale] : []),
    ],
  }
}

/** Whether the components of a block have coefficients beside their exponents. */
export const hasCoefficient = (block: ScheduledBlock | undefined): boolean =>
  block?.term.kind === 'scaled' && block.term.coefficient !== undefined
