/**
 * Project: one workgroup multiplies 32 rows, of queries and keys as they follow
 * one another, by 32 rows of the projection matrix, 32 entries at a time.
 */
import type { ProjectPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import type { Kernel, Value } from '../kernel.ts'
import { divide, frame, u32Name } from './frame.ts'
import { groupRowNames, projectedCount, sourceOf } from './projected-layout.ts'
import {
  columnGroup,
  extent,
  lanes,
  place,
  range,
  rowGroup,
  side,
  threadNames,
  tileArray,
  within,
} from './tile.ts'

const four = [0, 1, 2, 3] as const

/**
 * The kernel that multiplies every query and key row by the given matrix `w` [m, D] and stores m numbers a
 * row in `projected`.
 */
export function lowerProject(schedule: Schedule, pass: ProjectPass): Kernel {
  const { dim } = schedule
  const { tile, count } = pass
  const { binding, kernel } = frame(schedule, pass)
  const rows = ir.let_('rows', projectedCount(schedule.groups))
  const items = tile.columns / side
  const sums = ir.registers('sums', 'vec4f', items)
  const rowTile = tileArray('rowTileEntries', tile.steps)

  const rowAt = (lane: number): Value =>
    ir.add(ir.mul(u32Name('rowTile'), tile.rows), ir.mul(rowGroup, lanes), lane)
  const componentAt = (item: number): Value =>
    ir.add(ir.mul(u32Name('componentTile'), tile.columns), ir.mul(columnGroup, items), item)
  const sources = four.map((lane) =>
    sourceOf(schedule, within(rowAt(lane), ir.ref(rows)), { q: binding('q'), k: binding('k') }, `${lane}`),
  )
  const starts = range(items).map((item) =>
    ir.let_(`projection${item}`, ir.mul(ir.call('min', componentAt(item), count - 1), dim)),
  )

  const fill = (from: Value, here: Value): Body =>
    ir.for_('step', columnGroup, here, side, (step) => {
      const entries = four.map((lane) => ir.var_(`entry${lane}`, ir.f32(0)))
      const [a, b, c, d] = entries.map((entry) => ir.ref(entry))
      return [
        entries,
        sources.map(({ read }, lane) => {
          const entry = entries[lane]
          return entry === undefined ? [] : read((load) => ir.assign(ir.ref(entry), load(ir.add(from, step))))
        }),
        ir.sharedStore(rowTile, place(step, rowGroup), ir.vec4(a ?? 0, b ?? 0, c ?? 0, d ?? 0)),
      ]
    })

  const multiply = (from: Value, here: Value): Body =>
    ir.for_('t', 0, here, 1, (t) => {
      const entry = ir.let_('entries', ir.sharedLoad(rowTile, place(t, rowGroup)))
      return [
        entry,
        starts.map((start, item) => {
          const w = ir.splat(ir.load(binding('w'), ir.add(ir.ref(start), from, t)))
          return ir.assign(ir.register(sums, item), ir.add(ir.register(sums, item), ir.mul(ir.ref(entry), w)))
        }),
      ]
    })

  const body = ir.block(
    divide([['componentTile', Math.ceil(count / tile.columns)]], 'rowTile'),
    threadNames(tile),
    rows,
    groupRowNames(schedule.groups),
    sources.map(({ names }) => names),
    starts,
    sums,
    ir.for_('from', 0, dim, tile.steps, (from) => {
      const here = ir.let_('here', extent(from, ir.u32(dim), tile.steps))
      return [here, fill(from, ir.ref(here)), ir.barrier, multiply(from, ir.ref(here)), ir.barrier]
    }),
    four.map((lane) => {
      const row = ir.let_(`row${lane}`, rowAt(lane))
      return [
        row,
        ir.if_(
          ir.lt(ir.ref(row), ir.ref(rows)),
          range(items).map((item) => {
            const at = ir.add(ir.mul(ir.ref(row), count), componentAt(item))
            const put = ir.store(binding('projected'), at, ir.lane(ir.register(sums, item), lane))
            return count % tile.columns === 0 ? put : ir.if_(ir.lt(componentAt(item), count), put)
          }),
        ),
      ]
    }),
  )
  return kernel('Query and key rows through a matrix of projections.', [rowTile], body)
}
