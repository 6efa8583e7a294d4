/**
 * Project: one workgroup multiplies 32 rows, of queries and keys as they follow
 * one another, by 32 rows of the projection matrix, 32 entries at a time.
 */
import type { ProjectPass, Schedule, Tile } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author } from '../author.ts'
import type { Binding, Kernel, SharedArray, Value } from '../kernel.ts'
import { divide, frame, u32Name } from './frame.ts'
import { declareGroupRows, declareSource, projectedCount } from './projected-layout.ts'
import type { Source } from './projected-layout.ts'
import { contract } from './tile-product.ts'
import {
  columnGroup,
  eachLane,
  extent,
  fourLanes,
  lanes,
  nth,
  place,
  range,
  rowGroup,
  side,
  threadNames,
  tileArray,
  within,
} from './tile.ts'
import type { Lane } from './tile.ts'

/**
 * The kernel that multiplies every query and key row by the given matrix `w` [m, D] and stores m numbers a
 * row in `projected`.
 */
export function lowerProject(schedule: Schedule, pass: ProjectPass): Kernel {
  const { dim, groups } = schedule
  const { tile, count } = pass
  const { binding, kernel } = frame(schedule, pass)
  const items = tile.columns / side
  const rowTile = tileArray('rowTileEntries', tile.steps)
  const w = binding('w')

  const body = record((k) => {
    k.use(divide([['componentTile', Math.ceil(count / tile.columns)]], 'rowTile'), threadNames(tile))
    const rows = k.let('rows', projectedCount(groups))
    const ofGroup = declareGroupRows(k, groups)
    const buffers = { q: binding('q'), k: binding('k') }
    const sources = eachLane((lane) =>
      declareSource(k, schedule, ofGroup, within(rowAt(tile, lane), rows), buffers, lane),
    )
    const starts = range(items).map((item) =>
      k.let(`projection${item}`, ir.mul(ir.call('min', componentAt(tile, item), count - 1), dim)),
    )
    const sums = k.registers('sums', 'vec4f', items)
    k.strided('from', 0, dim, tile.steps, (from) => {
      const here = k.let('here', extent(from, ir.u32(dim), tile.steps))
      fillRows(k, rowTile, sources, from, here)
      k.barrier()
      contract(k, 't', here, [{ sums }], (t) => ({
        weights: [k.let('entries', ir.sharedLoad(rowTile, place(t, rowGroup)))],
        entries: starts.map((start) => ir.load(w, ir.add(start, from, t))),
      }))
      k.barrier()
    })
    storeProjected(k, pass, binding('projected'), rows, sums)
  })
  return kernel('Query and key rows through a matrix of projections.', [rowTile], body)
}

/** The thread's row of a lane. */
const rowAt = (tile: Tile, lane: Lane): Value =>
  ir.add(ir.mul(u32Name('rowTile'), tile.rows), ir.mul(rowGroup, lanes), lane)

/** The thread's component of an item. */
const componentAt = (tile: Tile, item: number): Value =>
  ir.add(ir.mul(u32Name('componentTile'), tile.columns), ir.mul(columnGroup, tile.columns / side), item)

/** Fills a tile with the entries of the rows from `from` on, four rows a vec4f by (entry, row group). */
function fillRows(
  k: Author,
  rowTile: SharedArray,
  sources: readonly Source[],
  from: Value,
  count: Value,
): void {
  k.strided('step', columnGroup, count, side, (step) => {
    const entries = eachLane((lane) => k.var(`entry${lane}`, ir.f32(0)))
    for (const lane of fourLanes)
      nth(sources, lane).read(k, (entry) => k.set(entries[lane], entry(ir.add(from, step))))
    k.sharedStore(rowTile, place(step, rowGroup), ir.vec4(...entries))
  })
}

function storeProjected(
  k: Author,
  { tile, count }: ProjectPass,
  projected: Binding,
  rows: Value,
  sums: readonly Value[],
): void {
  for (const lane of fourLanes) {
    const row = k.let(`row${lane}`, rowAt(tile, lane))
    k.if(ir.lt(row, rows), () =>
      sums.forEach((sum, item) => {
        const component = componentAt(tile, item)
        k.guard(count % tile.columns === 0 ? ir.bool(true) : ir.lt(component, count), () =>
          k.store(projected, ir.add(ir.mul(row, count), component), ir.lane(sum, lane)),
        )
      }),
    )
  }
}
