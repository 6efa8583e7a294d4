/** What the passes that sort rows share: segments of a round, and where their numbers are. */
import * as ir from '../build.ts'
import type { Operand } from '../build.ts'
import type { SharedArray, Value } from '../kernel.ts'
import { u32Name } from './frame.ts'
import { sliceQueryHead } from './rows.ts'

/** A row of the segment to each thread. */
export const segmentRow = u32Name('row')

/**
 * The counts that `headNames` peels off the workgroup's index: the segment varies fastest, then the round.
 */
export const segmentNames = (rounds: number): [string, Operand][] => [
  ['segment', ir.shape('chunks')],
  ['round', rounds],
]

/** The shared array with the bucket (u32) of each row of the segment, one row a thread. */
export const bucketsOfSegment = (threads: number): SharedArray => ({
  name: 'bucketOf',
  element: 'u32',
  length: threads,
})

/** Counts the rounds of the slice's query heads. */
const roundOfSlice = (rounds: number): Value => ir.add(ir.mul(sliceQueryHead, rounds), u32Name('round'))

/** Index of the head's first row in what there is for each row of each round. */
export const firstOfRound = (rounds: number): Value => ir.mul(roundOfSlice(rounds), ir.shape('length'))

/** Index of a bucket's number, in a segment. */
export const offsetAt = (
  { rounds, count }: { readonly rounds: number; readonly count: number },
  segment: Value,
  bucket: Value,
): Value => ir.add(ir.mul(ir.add(ir.mul(roundOfSlice(rounds), ir.shape('chunks')), segment), count), bucket)
