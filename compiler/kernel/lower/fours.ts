/** Value columns of a thread in fours of neighbours, which it loads and stores at once. */
import type { Tile } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { Value } from '../kernel.ts'
import { u32Name } from './frame.ts'
import { across, columnGroup, declareColumns, eachLane, fourLanes, lanes, nth, range } from './tile.ts'
import type { Columns } from './tile.ts'

/**
 * As `declareColumns`, of rows that lie `valueDim` numbers apart and are moved in fours where that is a multiple of 4 and a
 * thread has as many columns.
 */
export function declareFours(k: Author, tile: Tile, valueDim: number): Columns {
  const count = tile.columns / across(tile)
  if (count % lanes !== 0 || valueDim % lanes !== 0) return declareColumns(k, tile, valueDim)
  const first = k.let('firstColumns', ir.add(ir.mul(u32Name('valueTile'), tile.columns / lanes), columnGroup))
  const exact = valueDim % tile.columns === 0
  const offset = (four: number): number => four * across(tile)
  const fourAt = (four: number): Value => ir.add(first, offset(four))
  const within = (four: number): Value =>
    exact ? fourAt(four) : ir.call('min', fourAt(four), valueDim / lanes - 1)
  const fourOf = (register: number): number => Math.floor(register / lanes)
  const columnIn = (four: Value, register: number): Value => ir.add(ir.mul(four, lanes), register % lanes)
  const guardFour = (k: Author, four: number, then: () => void): void =>
    k.guard(exact ? ir.bool(true) : ir.lt(fourAt(four), valueDim / lanes), then)
  return {
    count,
    unit: lanes,
    at: (register) => columnIn(within(fourOf(register)), register),
    load: (k, buffer, start, suffix = '') => {
      // Constants last: each index is then one addition to what all have in common.
      const row = k.let(`rowStart${suffix}`, exact ? ir.add(start, first) : start)
      return range(count / lanes).flatMap((four) => {
        const at = ir.add(row, exact ? offset(four) : within(four))
        const loaded = k.let(`columns${four}${suffix}`, ir.loadVector(buffer, at))
        return fourLanes.map((lane) => ir.lane(loaded, lane))
      })
    },
    store: (k, buffer, start, values) =>
      range(count / lanes).forEach((four) =>
        guardFour(k, four, () =>
          k.store(
            buffer,
            ir.add(start, fourAt(four)),
            ir.vec4(...eachLane((lane) => nth(values, four * lanes + lane))),
          ),
        ),
      ),
    guard: (k, register, then) =>
      guardFour(k, fourOf(register), () => then(columnIn(fourAt(fourOf(register)), register))),
  }
}
