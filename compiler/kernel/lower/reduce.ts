/**
 * Reduce: one workgroup takes one chunk, up to 64 components of φ and a tile of
 * value columns, and sums φ(k_j) v_jᵀ and φ(k_j) over the chunk's rows.
 * Components are in the lanes and rows are items, so that the sum over rows is
 * a product of register tiles.
 */
import type { ReducePass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Kernel, SharedArray, Value } from '../kernel.ts'
import { chooseBlock, tilesOf } from './blocks.ts'
import { divide, frame, groupNames, u32Name, visible } from './frame.ts'
import type { Frame } from './frame.ts'
import { fillTile, keepsComponents } from './reduce-tile.ts'
import type { ChunkRows, ComponentSums, Operands, Reduction } from './reduce-tile.ts'
import { rowsFrom, rowsOfCall, rowStart } from './row-places.ts'
import { stateLayout } from './state-layout.ts'
import { contract } from './tile-product.ts'
import {
  columnGroup,
  declareColumns,
  extent,
  fourLanes,
  lanes,
  nth,
  place,
  range,
  rowVector,
  split,
  threadNames,
  tileArray,
  valueTiles,
  vectorsOf,
} from './tile.ts'
import type { Lane } from './tile.ts'

/** The kernel that sums φ(k) vᵀ and φ(k) over each chunk of key rows into the chunk's state. */
export function lowerReduce(schedule: Schedule, pass: ReducePass): Kernel {
  const { tile, features } = pass
  const frameOfPass = frame(schedule, pass)
  const scaled = pass.scaling === 'scaled'
  const groups = tile.steps / lanes
  const phi = tileArray('phi', tile.rows, groups)
  const scales: SharedArray = { name: 'scales', element: 'vec4f', length: groups }

  const body = record((k) => {
    declareGroup(k, schedule, pass, frameOfPass)
    const columns = declareColumns(k, tile, schedule.valueDim)
    const kept = features.blocks.some((block) => keepsComponents(pass, block))
      ? {
          components: k.let('fillComponents', ir.mod(ir.thread, groups)),
          row: k.let('fillRow', ir.div(ir.thread, groups)),
        }
      : undefined
    const rows = declareRows(k, schedule, frameOfPass)
    const reduction = {
      schedule,
      pass,
      binding: frameOfPass.binding,
      maxima: frameOfPass.maxima,
      scaled,
      columns,
      groups,
      phi,
      scales,
      rows,
      kept,
    }
    chooseBlock(k, features.blocks, tile.steps, u32Name('featureTile'), (block, tileOfBlock) => {
      const components = k.let('components', ir.mul(tileOfBlock, tile.steps))
      const sums = declareSums(k, reduction)
      k.strided('from', 0, rows.count, tile.rows, (from) =>
        addTile(k, { ...reduction, block, components, sums }, from),
      )
      writeState(k, { ...reduction, block, components, sums })
    })
  })
  return frameOfPass.kernel(
    'For each chunk of key rows, S = Σ φ(k) vᵀ and z = Σ φ(k).',
    scaled ? [phi, scales] : [phi],
    body,
  )
}

/** Declares the names of the workgroup's group, chunk and tile, and of its threads. */
function declareGroup(k: Author, schedule: Schedule, pass: ReducePass, { counts, action }: Frame): void {
  const { tile, features } = pass
  const tiles = [
    ['valueTile', valueTiles(tile, schedule.valueDim)],
    ['featureTile', features.blocks.reduce((count, block) => count + tilesOf(block, tile.steps), 0)],
    ['chunk', ir.shape('chunks')],
  ] as const
  k.use(divide(tiles, 'slice'), groupNames(counts, schedule.groups, false))
  action.declare(k)
  k.use(threadNames(tile))
}

function declareRows(k: Author, { chunk }: Schedule, { action }: Frame): ChunkRows {
  const first = k.let('firstRow', ir.mul(u32Name('chunk'), chunk))
  const end = ir.call('max', ir.call('min', ir.add(first, chunk), visible), 1)
  const toLast = action.until(k, 'lastRow', ir.sub(end, 1))
  return { first, toLast, count: k.let('rows', extent(first, visible, chunk)) }
}

function declareSums(k: Author, { pass, columns, scaled }: Operands): readonly ComponentSums[] {
  const vectors = vectorsOf(pass.tile, pass.tile.steps)
  const sums = split(k.registers('sums', 'vec4f', vectors * columns.count), vectors)
  const totals = k.registers('totals', 'vec4f', vectors)
  const scales = scaled ? k.registers('largest', 'vec4f', vectors, lowest) : []
  return range(vectors).map((vector) => ({
    group: rowVector(vector, vectors),
    sums: nth(sums, vector),
    total: nth(totals, vector),
    scale: scales[vector],
  }))
}

/** Adds the rows from `from` of the chunk on. */
function addTile(k: Author, reduction: Reduction, from: Value): void {
  const { schedule, pass, binding, columns, phi, groups, rows, sums } = reduction
  const count = k.let('here', extent(from, rows.count, pass.tile.rows))
  fillTile(k, reduction, from, count)
  k.barrier()
  const values = rowsFrom(rowsOfCall('key', schedule.valueDim), ir.add(rows.first, from))
  contract(k, 'j', count, sums, (j) => {
    const weights = sums.map(({ group }, vector) =>
      k.let(`feature${vector}`, ir.sharedLoad(phi, place(j, group, groups))),
    )
    const start = rowStart(values, j)
    return { weights, entries: columns.load(k, binding('v'), start) }
  })
  if (schedule.chunk > pass.tile.rows) k.barrier()
}

/** Stores the thread's columns of S; the first column of threads also stores z and the scales. */
function writeState(k: Author, reduction: Reduction): void {
  const { schedule, pass, sums } = reduction
  const start = k.let('stateStart', stateLayout(schedule, pass.scaling).start(u32Name('chunk')))
  for (const [vector, component] of sums.entries())
    for (const lane of fourLanes)
      writeComponent(k, reduction, start, component, `component${vector * lanes + lane}`, lane)
}

function writeComponent(
  k: Author,
  { schedule, pass, binding, columns, block, components }: Reduction,
  start: Value,
  { group, sums, total, scale }: ComponentSums,
  word: string,
  lane: Lane,
): void {
  const state = binding('state')
  const layout = stateLayout(schedule, pass.scaling)
  const component = k.let(word, ir.add(components, ir.mul(group, lanes), lane))
  const feature = ir.add(component, block.start)
  const exists = block.size % pass.tile.steps === 0 ? ir.bool(true) : ir.lt(component, block.size)
  k.guard(exists, () => {
    sums.forEach((sum, register) =>
      columns.guard(k, register, (column) =>
        k.store(state, layout.s(start, feature, column), ir.lane(sum, lane)),
      ),
    )
    k.if(ir.eq(ir.add(columnGroup, u32Name('valueTile')), 0), () => {
      k.store(state, layout.z(start, feature), ir.lane(total, lane))
      if (scale !== undefined) k.store(state, layout.scale(start, feature), ir.lane(scale, lane))
    })
  })
}
