/**
 * Hash: a thread for each row of a segment. It takes the row through the round's
 * rotations, and keeps the largest product and the least; the first of equal ones.
 */
import type { HashPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Binding, Kernel, Target, Value } from '../kernel.ts'
import { frame, visible } from './frame.ts'
import { rowStart, rowsOfCall } from './row-places.ts'
import { sliceQueryHead } from './rows.ts'
import { bucketsOf, declareSegment } from './sort.ts'
import type { Segment } from './sort.ts'
import { contract } from './tile-product.ts'
import { range } from './tile.ts'

/** Rotations at a time, so that a row's entry is loaded once for all of them. */
const together = 8

/**
 * The kernel that stores the bucket of every row in each round, counts the rows of each bucket in a
 * segment, and stores 1 / ‖row‖.
 */
export function lowerHash(schedule: Schedule, pass: HashPass): Kernel {
  const { count, threads } = pass
  const { binding, counts, kernel } = frame(schedule, pass)
  const bucketOf = bucketsOf(pass)

  const body = record((k) => {
    const segment = declareSegment(k, pass, counts)
    const { round, row, rowOfRound } = segment
    const bucket = k.var('bucket', ir.u32(count))
    k.if(ir.lt(row, visible), () => {
      const start = k.let('start', rowStart(rowsOfCall('query', schedule.dim), row))
      const entry = (t: Value): Value => ir.load(binding('q'), ir.add(start, t))
      const rotations = { buffer: binding('rotations'), round, dim: schedule.dim, half: count / 2 }
      hashRow(k, rotations, entry, bucket)
      k.store(binding('buckets'), rowOfRound, bucket)
      k.if(ir.eq(round, 0), () => storeNorm(k, schedule.dim, segment, entry, binding('inverseNorms')))
    })
    k.sharedStore(bucketOf, ir.thread, bucket)
    k.barrier()
    k.strided('each', ir.thread, count, threads, (each) => {
      const counted = k.var('counted', ir.u32(0))
      k.loop('other', 0, threads, (other) =>
        k.add(counted, ir.select(ir.eq(ir.sharedLoad(bucketOf, other), each), ir.u32(1), 0)),
      )
      k.store(binding('offsets'), segment.offsetAt(each), counted)
    })
  })
  return kernel('The bucket of each row, and how many rows of a segment fall into each.', [bucketOf], body)
}

/** The rotations of a round: `half` rows of `dim` entries. */
interface Rotations {
  readonly buffer: Binding
  readonly round: Value
  readonly dim: number
  readonly half: number
}

/** Assigns the row's bucket: the rotation with the largest product, or half as many further with the least. */
function hashRow(
  k: Author,
  { buffer, round, dim, half }: Rotations,
  entry: (t: Value) => Value,
  bucket: Target,
): void {
  const largest = k.var('largest', ir.f32(lowest))
  const toward = k.var('toward', ir.u32(0))
  const least = k.var('least', ir.f32(-lowest))
  const away = k.var('away', ir.u32(0))
  k.strided('from', 0, half, together, (from) => {
    // Past the last rotation the last one comes again, which is then no new extreme.
    const rotationAt = (which: number): Value =>
      ir.add(ir.mul(round, half), ir.call('min', ir.add(from, which), half - 1))
    const starts = range(together).map((which) => k.let(`rotation${which}`, ir.mul(rotationAt(which), dim)))
    const products = k.registers('products', 'f32', together)
    contract(k, 't', dim, [{ sums: products }], (t) => ({
      weights: [k.let('x', entry(t))],
      entries: starts.map((start) => ir.load(buffer, ir.add(start, t))),
    }))
    products.forEach((product, which) => {
      const rotation = ir.add(from, which)
      k.if(ir.gt(product, largest), () => {
        k.set(largest, product)
        k.set(toward, rotation)
      })
      k.if(ir.lt(product, least), () => {
        k.set(least, product)
        k.set(away, rotation)
      })
    })
  })
  k.set(bucket, ir.select(ir.gt(ir.neg(least), largest), ir.add(away, half), toward))
}

/** Stores 1 / ‖row‖. */
function storeNorm(
  k: Author,
  dim: number,
  { row }: Segment,
  entry: (t: Value) => Value,
  norms: Binding,
): void {
  const squares = k.var('squares', ir.f32(0))
  k.loop('t', 0, dim, (t) => {
    const x = k.let('x', entry(t))
    k.add(squares, ir.mul(x, x))
  })
  k.store(norms, ir.add(ir.mul(sliceQueryHead, ir.shape('length')), row), inverseRoot(squares))
}

/** 1 / √squares; 0 for a row of zeros, because its key is again a row of zeros. */
function inverseRoot(squares: Value): Value {
  const safe = ir.select(ir.gt(squares, 0), squares, 1)
  return ir.select(ir.gt(squares, 0), ir.div(ir.f32(1), ir.call('sqrt', safe)), 0)
}
