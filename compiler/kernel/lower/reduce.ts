/**
 * Reduce: one workgroup takes one chunk, up to 128 components of φ and a tile of
 * value columns, and sums φ(k_j) v_jᵀ and φ(k_j) over the chunk's rows.
 * Components are in the lanes and rows are items, so that the sum over rows is
 * a product of register tiles, whose operands pass through workgroup memory.
 */
import type { ReducePass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author, Name } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Kernel, Value } from '../kernel.ts'
import { chooseBlock, tilesOf } from './blocks.ts'
import { columnsOf, fillColumns } from './column-panel.ts'
import { divide, frame, groupNames, u32Name, visible } from './frame.ts'
import type { Frame } from './frame.ts'
import { fromPanel, panelPlace } from './panel.ts'
import {
  componentFours,
  componentIn,
  evaluateProducts,
  evaluateRows,
  reduceLayout,
  rowsAtOnce,
  weightsOf,
} from './reduce-tile.ts'
import type { ChunkRows, ComponentSums, Evaluated, Operands, Reduction } from './reduce-tile.ts'
import { rowsOfCall, rowStart } from './row-places.ts'
import { stateLayout } from './state-layout.ts'
import { addProducts } from './tile-product.ts'
import {
  across,
  columnGroup,
  declareColumns,
  extent,
  fourLanes,
  lanes,
  nth,
  range,
  split,
  threadNames,
  valueTiles,
  vectorsOf,
  within,
} from './tile.ts'
import type { Lane } from './tile.ts'

/** Rows that a round of the product takes: compilers write it out, so that their operands are waited for together. */
const rowsOfRound = 4

/** The kernel that sums φ(k) vᵀ and φ(k) over each chunk of key rows into the chunk's state. */
export function lowerReduce(schedule: Schedule, pass: ReducePass): Kernel {
  const { tile, features } = pass
  const frameOfPass = frame(schedule, pass)
  const scaled = pass.scaling === 'scaled'
  const layout = reduceLayout(schedule, pass)

  const body = record((k) => {
    declareGroup(k, schedule, pass, frameOfPass)
    const { binding, counts, maxima } = frameOfPass
    const columns = declareColumns(k, tile, schedule.valueDim)
    const rows = declareRows(k, schedule, frameOfPass)
    const operands: Operands = { schedule, pass, binding, counts, maxima, scaled, columns, layout, rows }
    chooseBlock(k, features.blocks, tile.steps, u32Name('featureTile'), (block, tileOfBlock) => {
      const components = k.let('components', ir.mul(tileOfBlock, tile.steps))
      const { sums, fillScale } = declareSums(k, operands)
      const reduction: Reduction = { ...operands, block, components, sums, fillScale }
      const [each, evaluate] = block.projected
        ? [across(tile) * lanes, evaluateProducts]
        : [rowsAtOnce, evaluateRows]
      k.strided('from', 0, rows.count, each, (from) =>
        addRows(k, reduction, from, each, evaluate(k, reduction, from)),
      )
      writeState(k, reduction)
    })
  })
  return frameOfPass.kernel('For each chunk of key rows, S = Σ φ(k) vᵀ and z = Σ φ(k).', [layout.array], body)
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

function declareSums(k: Author, { pass, columns, scaled }: Operands): Pick<Reduction, 'sums' | 'fillScale'> {
  const vectors = vectorsOf(pass.tile, pass.tile.steps)
  const sums = split(k.registers('sums', 'vec4f', vectors * columns.count), vectors)
  const totals = k.registers('totals', 'vec4f', vectors)
  const scales: readonly Name[] = scaled ? k.registers('largest', 'vec4f', vectors, lowest) : []
  const filled = scaled && pass.features.blocks.some((block) => !block.projected)
  return {
    sums: componentFours(vectors).map((four, vector) => ({
      four,
      sums: nth(sums, vector),
      total: nth(totals, vector),
      scale: scales[vector],
    })),
    fillScale: filled ? k.var('fillScale', ir.splat(lowest)) : undefined,
  }
}

/** Adds `count` rows from `from` of the chunk on, as many at a time as the panels hold. */
function addRows(k: Author, reduction: Reduction, from: Value, count: number, evaluated: Evaluated): void {
  const { pass, layout, binding, schedule, rows } = reduction
  const { fours } = evaluated
  const weights = weightsOf(k, reduction, evaluated)
  const values = { panel: layout.values, tile: pass.tile, valueDim: schedule.valueDim, depth: rowsAtOnce }
  const places = rowsOfCall('key', schedule.valueDim)
  const items = (evaluated.rows.length * rowsAtOnce) / count
  for (const part of range(count / rowsAtOnce)) {
    const start = ir.add(from, part * rowsAtOnce)
    for (const item of range(items)) {
      const row = ir.sub(nth(evaluated.rows, part * items + item), start)
      fours.forEach((four, group) =>
        k.sharedStore(layout.array, panelPlace(layout.phi, row, four), weights(group, part * items + item)),
      )
    }
    fillColumns(k, values, binding('v'), (row) =>
      rowStart(places, within(ir.add(rows.first, start, row), visible)),
    )
    k.barrier()
    addPart(k, reduction, values, k.let(`here${part}`, extent(start, rows.count, rowsAtOnce)))
    k.barrier()
  }
}

/** Adds the rows whose φ and values lie in the panels. */
function addPart(
  k: Author,
  { layout, sums }: Reduction,
  values: Parameters<typeof columnsOf>[1],
  count: Value,
): void {
  k.strided('j', 0, count, rowsOfRound, (j) => {
    k.loop('step', 0, rowsOfRound, (step) => {
      const row = ir.add(j, step)
      const weights = sums.map(({ four }, vector) =>
        k.let(`feature${vector}`, fromPanel(layout.phi, row, four)),
      )
      addProducts(k, sums, { weights, entries: columnsOf(k, values, row) })
    })
  })
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
  { four, sums, total, scale }: ComponentSums,
  word: string,
  lane: Lane,
): void {
  const state = binding('state')
  const layout = stateLayout(schedule, pass.scaling)
  const own = componentIn(pass, ir.add(four.of, four.more), lane)
  const component = k.let(word, ir.add(components, own))
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
