/**
 * The stable order of rows by bucket, from the counts of each segment: first the
 * place of each bucket's first row in every segment, then the place of each row,
 * which is as many further as rows of its bucket stand before it in the segment.
 */
import type { OffsetsPass, PlacePass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Kernel, SharedArray, Value } from '../kernel.ts'
import { frame, u32Name, visible } from './frame.ts'
import { headNames } from './rows.ts'
import { bucketsOfSegment, firstOfRound, offsetAt, segmentNames, segmentRow } from './segments.ts'

/**
 * The kernel that turns the counts in `offsets` into places in the order: a thread takes each of its
 * buckets through all segments.
 */
export function lowerOffsets(schedule: Schedule, pass: OffsetsPass): Kernel {
  const { binding, counts, kernel } = frame(schedule, pass)
  const { count, rounds, threads } = pass
  const offsets = binding('offsets')
  const totals: SharedArray = { name: 'totals', element: 'u32', length: count }

  const body = record((k) => {
    const eachSegment = (bucket: Value, then: (at: Value) => void): void =>
      k.loop('segment', 0, ir.shape('chunks'), (segment) =>
        then(k.let('at', offsetAt(pass, segment, bucket))),
      )
    k.use(headNames('sliceQueryHead', [['round', rounds]], counts))
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
export function lowerPlace(schedule: Schedule, pass: PlacePass): Kernel {
  const { binding, counts, kernel } = frame(schedule, pass)
  const { rounds, threads } = pass
  const bucketOf = bucketsOfSegment(threads)

  const body = record((k) => {
    k.use(headNames('sliceQueryHead', segmentNames(rounds), counts))
    k.let('row', ir.add(ir.mul(u32Name('segment'), threads), ir.thread))
    const present = ir.lt(segmentRow, visible)
    const bucket = ir.load(binding('buckets'), ir.add(firstOfRound(rounds), segmentRow))
    k.if(present, () => k.sharedStore(bucketOf, ir.thread, bucket))
    k.barrier()
    k.if(present, () => {
      const own = k.let('own', ir.sharedLoad(bucketOf, ir.thread))
      const first = ir.load(binding('offsets'), offsetAt(pass, u32Name('segment'), own))
      const place = k.var('place', first)
      k.loop('other', 0, ir.thread, (other) =>
        k.add(place, ir.select(ir.eq(ir.sharedLoad(bucketOf, other), own), ir.u32(1), 0)),
      )
      k.store(binding('order'), ir.add(firstOfRound(rounds), place), segmentRow)
    })
  })
  return kernel('Each row to its place: by bucket, and in a bucket by position.', [bucketOf], body)
}
