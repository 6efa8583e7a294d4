/** The state after the last visible row, left for decoding in the layout that the programs of all targets share. */
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import type { Binding, SharedArray, Value } from '../kernel.ts'
import { stateLayout } from '../lower/state-layout.ts'
import { downTo, sumsAt } from './chunk.ts'
import type { Chunk } from './chunk.ts'
import { tileColumns } from './tile-product.ts'

/** Where the state is in the buffer and in the scratch of a walk. */
interface Places {
  readonly z: Value
  readonly scale: Value
  /** Columns in fours, and those that are left, by their place in the buffer and in the array of sums. */
  readonly fours: (then: (at: Value, place: Value) => void) => void
  readonly ones: (then: (at: Value, place: Value) => void) => void
}

/** Runs `then` for each feature of the state. */
function eachFeature(
  k: Author,
  chunk: Chunk,
  word: string,
  then: (feature: Value, places: Places) => void,
): void {
  const { schedule, pass } = chunk
  const { valueDim, features } = schedule
  const layout = stateLayout(schedule, pass.scaling)
  const start = k.let(`${word}Start`, layout.carriedStart)
  const whole = valueDim - (valueDim % 4)
  k.loop(`${word}Feature`, 0, features, (feature) => {
    const place = (column: Value): Value => {
      const first = downTo(column, tileColumns)
      return ir.add(sumsAt(chunk, feature, first), ir.sub(column, first))
    }
    const row = k.let(`${word}To`, layout.s(start, feature, ir.u32(0)))
    then(feature, {
      z: layout.z(start, feature),
      scale: layout.scale(start, feature),
      fours: (each) =>
        k.strided(`${word}Four`, 0, whole, 4, (column) => each(ir.add(row, column), place(column))),
      ones: (each) =>
        k.loop(`${word}One`, whole, valueDim, (column) => each(ir.add(row, column), place(column))),
    })
  })
}

/** Copies S, z and, where sums are scaled, the scales that they are over. */
export function carryOut(k: Author, chunk: Chunk, carried: Binding, scales: SharedArray | undefined): void {
  const { sums, totals } = chunk.arrays
  eachFeature(k, chunk, 'carried', (feature, { z, scale, fours, ones }) => {
    k.store(carried, z, ir.sharedLoad(totals, feature))
    if (scales !== undefined) k.store(carried, scale, ir.sharedLoad(scales, feature))
    fours((at, place) => k.store(carried, at, ir.sharedLoadFour(sums, place)))
    ones((at, place) => k.store(carried, at, ir.sharedLoad(sums, place)))
  })
}

/**
 * The same the other way round. What the largest exponent was is not carried: the first keys set it anew, and no scale
 * is below what it was.
 */
export function carryIn(k: Author, chunk: Chunk, carried: Binding, scales: SharedArray | undefined): void {
  const { sums, totals } = chunk.arrays
  eachFeature(k, chunk, 'begun', (feature, { z, scale, fours, ones }) => {
    k.sharedStore(totals, feature, ir.load(carried, z))
    if (scales !== undefined) k.sharedStore(scales, feature, ir.load(carried, scale))
    fours((at, place) => k.sharedStore(sums, place, ir.loadFour(carried, at)))
    ones((at, place) => k.sharedStore(sums, place, ir.load(carried, at)))
  })
}
