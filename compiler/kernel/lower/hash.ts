/**
 * Hash: a thread for each row of a segment. It takes the row through the round's
 * rotations, and keeps the largest product and the least; the first of equal ones.
 */
import type { HashPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Kernel, Value } from '../kernel.ts'
import { firstQueryRow, frame, u32Name, visible } from './frame.ts'
import { headNames, sliceQueryHead } from './rows.ts'
import { bucketsOfSegment, firstOfRound, offsetAt, segmentNames, segmentRow } from './segments.ts'
import { range } from './tile.ts'

/** Rotations at a time, so that a row's entry is loaded once for all of them. */
const together = 8

/**
 * The kernel that stores the bucket of every row in each round, counts the rows of each bucket in a
 * segment, and stores 1 / ‖row‖.
 */
export function lowerHash(schedule: Schedule, pass: HashPass): Kernel {
  const { dim } = schedule
  const { count, rounds, threads } = pass
  const half = count / 2
  const { binding, counts, kernel } = frame(schedule, pass)
  const shared = bucketsOfSegment(threads)
  const round = u32Name('round')

  const start = ir.let_('start', ir.mul(ir.add(firstQueryRow, segmentRow), dim))
  const entry = (t: Value): Value => ir.load(binding('q'), ir.add(ir.ref(start), t))
  const products = ir.registers('products', 'f32', together)
  const largest = ir.var_('largest', ir.f32(lowest))
  const toward = ir.var_('toward', ir.u32(0))
  const least = ir.var_('least', ir.f32(-lowest))
  const away = ir.var_('away', ir.u32(0))
  const bucket = ir.var_('bucket', ir.u32(count))
  const squares = ir.var_('squares', ir.f32(0))

  const compare = (rotation: Value, which: number): Body => {
    const product = ir.register(products, which)
    return [
      ir.if_(ir.gt(product, ir.ref(largest)), [
        ir.assign(ir.ref(largest), product),
        ir.assign(ir.ref(toward), ir.add(rotation, which)),
      ]),
      ir.if_(ir.lt(product, ir.ref(least)), [
        ir.assign(ir.ref(least), product),
        ir.assign(ir.ref(away), ir.add(rotation, which)),
      ]),
    ]
  }

  // Past the last rotation the last one comes again, which is then no new extreme.
  const rotationAt = (from: Value, which: number): Value =>
    ir.mul(ir.add(ir.mul(round, half), ir.call('min', ir.add(from, which), half - 1)), dim)

  const hashRow: Body = [
    start,
    largest,
    toward,
    least,
    away,
    ir.for_('from', 0, half, together, (from) => {
      const starts = range(together).map((which) => ir.let_(`rotation${which}`, rotationAt(from, which)))
      return [
        starts,
        products,
        ir.for_('t', 0, dim, 1, (t) => {
          const x = ir.let_('x', entry(t))
          return [
            x,
            starts.map((first, which) =>
              ir.assign(
                ir.register(products, which),
                ir.add(
                  ir.register(products, which),
                  ir.mul(ir.ref(x), ir.load(binding('rotations'), ir.add(ir.ref(first), t))),
                ),
              ),
            ),
          ]
        }),
        range(together).map((which) => compare(from, which)),
      ]
    }),
    ir.assign(
      ir.ref(bucket),
      ir.select(ir.gt(ir.neg(ir.ref(least)), ir.ref(largest)), ir.add(ir.ref(away), half), ir.ref(toward)),
    ),
    ir.store(binding('buckets'), ir.add(firstOfRound(rounds), segmentRow), ir.ref(bucket)),
    ir.if_(ir.eq(round, 0), [
      squares,
      ir.for_('t', 0, dim, 1, (t) => {
        const x = ir.let_('x', entry(t))
        return [x, ir.assign(ir.ref(squares), ir.add(ir.ref(squares), ir.mul(ir.ref(x), ir.ref(x))))]
      }),
      ir.store(
        binding('inverseNorms'),
        ir.add(ir.mul(sliceQueryHead, ir.shape('length')), segmentRow),
        inverseRoot(ir.ref(squares)),
      ),
    ]),
  ]

  const counted = ir.var_('counted', ir.u32(0))
  const body = ir.block(
    headNames('sliceQueryHead', segmentNames(rounds), counts),
    ir.let_('row', ir.add(ir.mul(u32Name('segment'), threads), ir.thread)),
    bucket,
    ir.if_(ir.lt(segmentRow, visible), hashRow),
    ir.sharedStore(shared, ir.thread, ir.ref(bucket)),
    ir.barrier,
    ir.for_('each', ir.thread, count, threads, (each) => [
      counted,
      ir.for_('other', 0, threads, 1, (other) =>
        ir.assign(
          ir.ref(counted),
          ir.add(ir.ref(counted), ir.select(ir.eq(ir.sharedLoad(shared, other), each), ir.u32(1), 0)),
        ),
      ),
      ir.store(binding('offsets'), offsetAt(pass, u32Name('segment'), each), ir.ref(counted)),
    ]),
  )
  return kernel('The bucket of each row, and how many rows of a segment fall into each.', [shared], body)
}

/** 1 / √squares; 0 for a row of zeros, because its key is again a row of zeros. */
function inverseRoot(squares: Value): Value {
  const safe = ir.select(ir.gt(squares, 0), squares, 1)
  return ir.select(ir.gt(squares, 0), ir.div(ir.f32(1), ir.call('sqrt', safe)), 0)
}
