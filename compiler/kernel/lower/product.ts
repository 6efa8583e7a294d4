/**
 * Product: one workgroup takes 32 rows of a head's left matrix and a tile of
 * columns through the right matrix, 32 entries at a time.
 */
import type { ProductPass, Rows, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author } from '../author.ts'
import type { Binding, Kernel, SharedArray, Value } from '../kernel.ts'
import { frame, u32Name } from './frame.ts'
import { storeRows } from './readout.ts'
import type { StoredRows } from './readout.ts'
import { rowStart } from './row-places.ts'
import { countOf, guarded, headNames, namedPlaces, placesOf } from './rows.ts'
import { contract } from './tile-product.ts'
import {
  columnGroup,
  declareColumns,
  eachLane,
  extent,
  inLanes,
  lanes,
  place,
  range,
  rowGroup,
  side,
  threadNames,
  tileArray,
  valueTiles,
  within,
} from './tile.ts'
import type { Lane } from './tile.ts'

/** The kernel of factor · left · right, or of factor · left · (diagonal·I − right), for each head. */
export function lowerProduct(schedule: Schedule, pass: ProductPass): Kernel {
  const { tile, over, left, right, columns: width, diagonal } = pass
  const { binding, counts, kernel } = frame(schedule, pass)
  const depth = countOf(right, counts)
  const leftTile = tileArray('leftTile', tile.steps)

  const body = record((k) => {
    const tiles = [
      ['valueTile', valueTiles(tile, width)],
      ['rowTile', Math.ceil(left.count / tile.rows)],
    ] as const
    k.use(headNames(over, tiles, counts), threadNames(tile))
    const columns = declareColumns(k, tile, width)
    const firstRow = k.let('firstRow', ir.mul(u32Name('rowTile'), tile.rows))
    guarded(k, pass.only, counts, () => {
      const rightRows = namedPlaces(k, 'firstRight', placesOf(right, over, width))
      const rowLength = k.let('rowLength', lengthOfRows(left, right, binding(left.buffer)))
      const leftRows = namedPlaces(k, 'firstLeft', placesOf(left, over, rowLength))
      const leftStarts = eachLane((lane) => {
        const row = ir.add(firstRow, ir.mul(rowGroup, lanes), lane)
        return k.let(`leftRow${lane}`, rowStart(leftRows, within(row, left.count)))
      })
      const sums = k.registers('sums', 'vec4f', columns.count)
      k.strided('from', 0, depth, tile.steps, (from) => {
        const count = k.let('here', extent(from, depth, tile.steps))
        fillLeft(k, leftTile, tile.steps, (lane, step) =>
          ir.load(binding(left.buffer), ir.add(leftStarts[lane], within(ir.add(from, step), depth))),
        )
        k.barrier()
        contract(k, 'j', count, [{ sums }], (j) => {
          const weights = k.let('entry', ir.sharedLoad(leftTile, place(j, rowGroup)))
          const row = k.let('rightRow', ir.add(from, j))
          const start = k.let('rightStart', rowStart(rightRows, row))
          const entries = range(columns.count).map((column) => {
            const at = columns.at(column)
            const entry = ir.load(binding(right.buffer), ir.add(start, at))
            if (diagonal === undefined) return entry
            return ir.sub(ir.select(ir.eq(row, at), ir.f32(diagonal), 0), entry)
          })
          return { weights: [weights], entries }
        })
        k.barrier()
      })
      storeProduct(k, pass, { columns, firstRow, out: binding(pass.out.buffer) }, sums)
    })
  })
  return kernel(summaryOf(pass), [leftTile], body)
}

/** The summary of the pass's kernel. */
export function summaryOf({ factor, diagonal }: ProductPass): string {
  const second = diagonal === undefined ? 'right' : `(${diagonal}·I − right)`
  return `${factor === 1 ? '' : `${factor} · `}left · ${second} of each head.`
}

/** Fills a tile of the left matrix, four rows a vec4f by (step, row group); `entry` loads those of a lane's row. */
function fillLeft(
  k: Author,
  tile: SharedArray,
  steps: number,
  entry: (lane: Lane, step: Value) => Value,
): void {
  const each = steps / side
  for (const item of range(each)) {
    const step = k.let(`step${item}`, ir.add(ir.mul(columnGroup, each), item))
    k.sharedStore(
      tile,
      place(step, rowGroup),
      inLanes((lane) => entry(lane, step)),
    )
  }
}

function storeProduct(
  k: Author,
  { left, out, over, columns: width, factor }: ProductPass,
  stored: Pick<StoredRows, 'columns' | 'firstRow' | 'out'>,
  sums: readonly Value[],
): void {
  storeRows(k, {
    ...stored,
    rows: ir.u32(left.count),
    startOf: (row) => rowStart(placesOf(out, over, width), row),
    groups: [factor === 1 ? sums : sums.map((sum) => ir.mul(sum, ir.splat(factor)))],
  })
}

/** As many entries as the other matrix has rows; of weights, as many as they come with, of which the first are used. */
export function lengthOfRows({ count }: ProductPass['left'], right: Rows, weights: Binding): Value {
  if (typeof right.count === 'number') return ir.u32(right.count)
  return ir.div(ir.bufferLength(weights), ir.mul(ir.shape('heads'), count))
}
