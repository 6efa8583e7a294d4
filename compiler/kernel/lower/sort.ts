/**
 * The stable order of rows by bucket, from the counts of each segment: first the
 * place of each bucket's first row in every segment, then the place of each row,
 * which is as many further as rows of its bucket stand before it in the segment.
 */
import type { OffsetsPass, PlacePass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
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
  const total = ir.var_('total', ir.u32(0))
  const place = ir.var_('place', ir.u32(0))
  const plus = (to: typeof total, value: Value): Body => ir.assign(ir.ref(to), ir.add(ir.ref(to), value))
  const eachSegment = (then: (at: Value) => Body, bucket: Value): Body =>
    ir.for_('segment', 0, ir.shape('chunks'), 1, (segment) => {
      const at = ir.let_('at', offsetAt(pass, segment, bucket))
      return [at, then(ir.ref(at))]
    })

  const body = ir.block(
    headNames('sliceQueryHead', [['round', rounds]], counts),
    ir.for_('bucket', ir.thread, count, threads, (bucket) => [
      total,
      eachSegment((at) => plus(total, ir.load(offsets, at)), bucket),
      ir.sharedStore(totals, bucket, ir.ref(total)),
    ]),
    ir.barrier,
    ir.for_('bucket', ir.thread, count, threads, (bucket) => [
      place,
      ir.for_('before', 0, bucket, 1, (before) => plus(place, ir.sharedLoad(totals, before))),
      eachSegment((at) => {
        const here = ir.let_('here', ir.load(offsets, at))
        return [here, ir.store(offsets, at, ir.ref(place)), plus(place, ir.ref(here))]
      }, bucket),
    ]),
  )
  return kernel('The place of the first row of each bucket, in each segment.', [totals], body)
}

/**
 * The kernel that writes each row's index to its place in `order`; rows of one bucket keep the order of the
 * sequence.
 */
export function lowerPlace(schedule: Schedule, pass: PlacePass): Kernel {
  const { binding, counts, kernel } = frame(schedule, pass)
  const { rounds, threads } = pass
  const shared = bucketsOfSegment(threads)
  const present = ir.lt(segmentRow, visible)
  const own = ir.let_('own', ir.sharedLoad(shared, ir.thread))
  const place = ir.var_('place', ir.load(binding('offsets'), offsetAt(pass, u32Name('segment'), ir.ref(own))))

  const body = ir.block(
    headNames('sliceQueryHead', segmentNames(rounds), counts),
    ir.let_('row', ir.add(ir.mul(u32Name('segment'), threads), ir.thread)),
    ir.if_(
      present,
      ir.sharedStore(
        shared,
        ir.thread,
        ir.load(binding('buckets'), ir.add(firstOfRound(rounds), segmentRow)),
      ),
    ),
    ir.barrier,
    ir.if_(present, [
      own,
      place,
      ir.for_('other', 0, ir.thread, 1, (other) =>
        ir.assign(
          ir.ref(place),
          ir.add(ir.ref(place), ir.select(ir.eq(ir.sharedLoad(shared, other), ir.ref(own)), ir.u32(1), 0)),
        ),
      ),
      ir.store(binding('order'), ir.add(firstOfRound(rounds), ir.ref(place)), segmentRow),
    ]),
  )
  return kernel('Each row to its place: by bucket, and in a bucket by position.', [shared], body)
}
