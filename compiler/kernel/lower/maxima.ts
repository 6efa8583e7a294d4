/**
 * The maxima that the papers' published code subtracts (`stabilize: max E`):
 * of each row over its features, then of a head's visible key rows. Exact
 * arithmetic needs neither; they exist for parity.
 */
import type { HeadMaximumPass, RowMaximaPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Kernel, SharedArray, Value } from '../kernel.ts'
import { everyTile } from './blocks.ts'
import { prepareRows } from './features.ts'
import {
  countedOf,
  divide,
  firstKeyRow,
  firstQueryRow,
  frame,
  groupNames,
  headsPerGroup,
  u32Name,
  visible,
} from './frame.ts'
import { headMaximumIndex, keyRowMaximum, queryRowMaximum } from './maxima-layout.ts'
import { widen } from './operators.ts'
import { projectedOf } from './projected-layout.ts'
import { columnGroup, lanes, place, range, rowGroup, side, threadNames, tileArray, within } from './tile.ts'

export function lowerRowMaxima(schedule: Schedule, pass: RowMaximaPass): Kernel {
  const { tile, features } = pass
  const { binding, counts, kernel } = frame(schedule, pass)
  const query = features.side === 'query'
  const rows = query ? ir.shape('length') : ir.shape('keyLength')
  const first = query ? firstQueryRow : firstKeyRow
  const items = tile.steps / side
  const largest = ir.var_('largest', ir.splat(lowest))
  const partial = tileArray('partial', side)
  const firstRow = ir.let_('firstRow', ir.mul(u32Name('rowTile'), tile.rows))
  const rowAt = (lane: number): Value => ir.add(ir.ref(firstRow), ir.mul(rowGroup, lanes), lane)

  const prepared = prepareRows(
    {
      extent: 'lanes',
      each: lanes,
      buffer: binding(query ? 'q' : 'k'),
      dim: schedule.dim,
      first,
      at: (lane) => within(rowAt(lane), rows),
      count: query ? countedOf(counts) : visible,
      projected: projectedOf(schedule, pass, binding, features.side),
      prefix: 'x',
    },
    features.blocks,
  )
  const body = ir.block(
    divide(
      [
        ['rowTile', ir.div(ir.add(rows, tile.rows - 1), tile.rows)],
        ...(query ? [['headInGroup', headsPerGroup] as const] : []),
      ],
      'slice',
    ),
    groupNames(counts, 'kvHeads', query),
    threadNames(tile),
    firstRow,
    largest,
    prepared.statements,
    everyTile(features.blocks, tile.steps, (which, from) => {
      const block = features.blocks[which]
      if (block === undefined) return []
      const evaluated = prepared.evaluate({
        block,
        each: items,
        // A component taken twice does not change a maximum.
        at: (item) => ir.add(from, ir.mul(columnGroup, items), item),
        steps: tile.steps,
        projection: block.projected ? binding('w') : undefined,
      })
      return [
        evaluated.statements,
        range(items).map((item) =>
          ir.assign(ir.ref(largest), ir.call('max', ir.ref(largest), widen(evaluated.value(item)))),
        ),
      ]
    }),
    ir.sharedStore(partial, place(columnGroup, rowGroup), ir.ref(largest)),
    ir.barrier,
    ir.if_(ir.eq(columnGroup, 0), [
      ir.for_('columns4', 1, side, 1, (group) =>
        ir.assign(
          ir.ref(largest),
          ir.call('max', ir.ref(largest), ir.sharedLoad(partial, place(group, rowGroup))),
        ),
      ),
      ([0, 1, 2, 3] as const).map((lane) => {
        const row = ir.add(first, rowAt(lane))
        const at = query ? queryRowMaximum(row) : keyRowMaximum(row)
        return ir.if_(
          ir.lt(rowAt(lane), rows),
          ir.store(binding('maxima'), at, ir.lane(ir.ref(largest), lane)),
        )
      }),
    ]),
  )
  return kernel(`The largest projected exponent of each ${features.side} row.`, [partial], body)
}

export function lowerHeadMaximum(schedule: Schedule, pass: HeadMaximumPass): Kernel {
  const { binding, counts, kernel } = frame(schedule, pass)
  const { threads } = pass.tile
  const partial: SharedArray = { name: 'partial', element: 'f32', length: threads }
  const largest = ir.var_('largest', ir.f32(lowest))
  const maxima = binding('maxima')

  const body = ir.block(
    divide([], 'slice'),
    groupNames(counts, 'kvHeads', false),
    largest,
    ir.for_('row', ir.thread, visible, threads, (row) =>
      ir.assign(
        ir.ref(largest),
        ir.call('max', ir.ref(largest), ir.load(maxima, keyRowMaximum(ir.add(firstKeyRow, row)))),
      ),
    ),
    ir.sharedStore(partial, ir.thread, ir.ref(largest)),
    ir.barrier,
    ir.if_(ir.eq(ir.thread, 0), [
      ir.for_('other', 1, threads, 1, (other) =>
        ir.assign(ir.ref(largest), ir.call('max', ir.ref(largest), ir.sharedLoad(partial, other))),
      ),
      ir.store(maxima, headMaximumIndex, ir.ref(largest)),
    ]),
  )
  return kernel('The largest of a head’s visible key rows.', [partial], body)
}
