/** The state after the last visible row, left for decoding in the layout that the programs of all targets share. */
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import type { Binding, SharedArray, Value } from '../kernel.ts'
import { stateLayout } from '../lower/state-layout.ts'
import { downTo, sumsAt } from './chunk.ts'
import type { Chunk } from './chunk.ts'
import { tileColumns } from './tile-product.ts'

/** Copies S, z and, where sums are scaled, the scales that they are over. */
export function carryOut(k: Author, chunk: Chunk, carried: Binding, scales: SharedArray | undefined): void {
  const { schedule, pass, arrays } = chunk
  const { valueDim, features } = schedule
  const layout = stateLayout(schedule, pass.scaling)
  const start = k.let('carriedStart', layout.carriedStart)
  k.loop('carriedFeature', 0, features, (feature) => {
    k.store(carried, layout.z(start, feature), ir.sharedLoad(arrays.totals, feature))
    if (scales !== undefined) k.store(carried, layout.scale(start, feature), ir.sharedLoad(scales, feature))
    const from = (column: Value): Value => {
      const first = downTo(column, tileColumns)
      return ir.add(sumsAt(chunk, feature, first), ir.sub(column, first))
    }
    const to = k.let('carriedTo', layout.s(start, feature, ir.u32(0)))
    const whole = valueDim - (valueDim % 4)
    k.strided('carriedFour', 0, whole, 4, (column) =>
      k.store(carried, ir.add(to, column), ir.sharedLoadFour(arrays.sums, from(column))),
    )
    k.loop('carriedOne', whole, valueDim, (column) =>
      k.store(carried, ir.add(to, column), ir.sharedLoad(arrays.sums, from(column))),
    )
  })
}
