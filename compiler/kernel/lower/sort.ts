/**
 * The stable order of rows by bucket, from the counts of each segment: first the
 * place of each bucket's first row in every segment, then the place of each row,
 * which is as many further as rows of its bucket stand before it in the segment.
 */
import type { HashPass, OrderPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author } from '../author.ts'
import type { Kernel, SharedArray, Value } from '../kernel.ts'
import { frame, u32Name, visible } from './frame.ts'
import type { Counts } from './frame.ts'
import { headNames, sliceQueryHead } from './rows.ts'

/** A segment of the sequence in one round, with a row for each thread. */
export interface Segment {
  readonly round: Value
  /** The thread's row. */
  readonly row: Value
  /** Index of the thread's row in the buffers that have a number for each row of each round. */
  readonly rowOfRound: Value
  /** Index of what the segment has of a bucket, in `offsets`. */
  readonly offsetAt: (bucket: Value) => Value
}

/** Declares the segment of a workgroup: the segment varies fastest, then the round. */
export function declareSegment(k: Author, pass: HashPass | OrderPass, counts: Counts): Segment {
  const { rounds, threads } = pass
  const parts = [['segment', ir.shape('chunks')] as const, ['round', rounds] as const]
  k.use(headNames('sliceQueryHead', parts, counts))
  const [segment, round] = [u32Name('segment'), u32Name('round')]
  const row = k.let('row', ir.add(ir.mul(segment, threads), ir.thread))
  return {
    round,
    row,
    rowOfRound: ir.add(firstOfRound(rounds, round), row),
    offsetAt: (bucket) => offsetAt(pass, round, segment, bucket),
  }
}

/** Workgroup memory for the bucket of each thread's row. */
export const bucketsOf = ({ threads }: HashPass | OrderPass): SharedArray => ({
  name: 'bucketOf',
  element: 'u32',
  length: threads,
})

/** Index of the head's first row in the buffers that have a number for each row of each round. */
export const firstOfRound = (rounds: number, round: Value): Value =>
  ir.mul(roundOfSlice(rounds, round), ir.shape('length'))

/** Counts the rounds of the slice's query heads. */
const roundOfSlice = (rounds: number, round: Value): Value => ir.add(ir.mul(sliceQueryHead, rounds), round)

const offsetAt = (
  { rounds, count }: Pick<HashPass, 'rounds' | 'count'>,
  round: Value,
  segment: Value,
  bucket: Value,
): Value =>
  ir.add(ir.mul(ir.add(ir.mul(roundOfSlice(rounds, round), ir.shape('chunks')), segment), count), bucket)

/**
 * The kernel that turns the counts in `offsets` into places in the order: a thread takes each of its
 * buckets through all segments.
 */
export function lowerOffsets(schedule: Schedule, pass: OrderPass): Kernel {
  const { binding, counts, kernel } = frame(schedule, pass)
  const { count, rounds, threads } = pass
  const offsets = binding('offsets')
  const totals: SharedArray = { name: 'totals', element: 'u32', length: count }

  const body = record((k) => {
    k.use(headNames('sliceQueryHead', [['round', rounds]], counts))
    const eachSegment = (bucket: Value, then: (at: Value) => void): void =>
      k.loop('segment', 0, ir.shape('chunks'), (segment) =>
        then(k.let('at', offsetAt(pass, u32Name('round'), segment, bucket))),
      )
    k.strided('bucket', ir.thread, count, threads, (bucket) => {
      const total = k.var('total', ir.u32(0))
      eachSegment(bucket, (at) => k.add(total, ir.load(offsets, at)))
      k.sharedStore(totals, bucket, total)
    })
    k.barrier()
    k.strided('bucket', ir.thread, count, threads, (bucket) => {
      const place = k.var('place', ir.u32(0))
      k.loop('before', 0, bucket, (before) => k.add(place, ir.sharedLoad(totals, before)))
      eachSegment(bucket, (at) => {
        const here = k.let('here', ir.load(offsets, at))
        k.store(offsets, at, place)
        k.add(place, here)
      })
    })
  })
  return kernel('The place of the first row of each bucket, in each segment.', [totals], body)
}

/**
 * The kernel that writes each row's index to its place in `order`; rows of one bucket keep the order of the
 * sequence.
 */
export function lowerPlace(schedule: Schedule, pass: OrderPass): Kernel {
  const { binding, counts, kernel } = frame(schedule, pass)
  const bucketOf = bucketsOf(pass)

  const body = record((k) => {
    const { round, row, rowOfRound, offsetAt } = declareSegment(k, pass, counts)
    const present = ir.lt(row, visible)
    k.if(present, () => k.sharedStore(bucketOf, ir.thread, ir.load(binding('buckets'), rowOfRound)))
    k.barrier()
    k.if(present, () => {
      const own = k.let('own', ir.sharedLoad(bucketOf, ir.thread))
      const place = k.var('place', ir.load(binding('offsets'), offsetAt(own)))
      k.loop('other', 0, ir.thread, (other) =>
        k.add(place, ir.select(ir.eq(ir.sharedLoad(bucketOf, other), own), ir.u32(1), 0)),
      )
      k.store(binding('order'), ir.add(firstOfRound(pass.rounds, round), place), row)
    })
  })
  return kernel('Each row to its place: by bucket, and in a bucket by position.', [bucketOf], body)
}
