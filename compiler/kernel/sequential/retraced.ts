/** What both walks for gradients are made of: see `retrace.ts`. */
import type { RetracePass, Schedule } from '../../schedule/schedule.ts'
import type { Frame } from '../lower/frame.ts'
import type { ChunkFeatures } from './chunk-features.ts'
import type { Chunk, OutRows, WalkArrays } from './chunk.ts'
import type { CotangentArrays } from './cotangents.ts'
import type { ScaleArrays } from './scales.ts'

/** A walk for gradients: its pass, its scratch, and how it computes features.  */
export interface Retrace {
  readonly schedule: Schedule
  readonly pass: RetracePass
  readonly frame: Pick<Frame, 'action' | 'binding' | 'counts'>
  readonly arrays: WalkArrays
  readonly cotangents: CotangentArrays
  /** Of what enters the state as keys, and of what reads it as queries. */
  readonly scales: ScaleArrays | undefined
  readonly features: { readonly query: ChunkFeatures; readonly key: ChunkFeatures }
  /** The chunk, whose rows of a result go somewhere. */
  readonly chunk: (out: OutRows) => Chunk
}
