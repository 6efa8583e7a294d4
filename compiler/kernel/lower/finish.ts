/**
 * Finish: one workgroup takes the query rows of a chunk of a head and a tile of value
 * columns. It reads φ(q)·S of everything before the rows' chunk and, where the
 * attention is causal, adds the pairs inside the chunk; then it divides.
 *
 * Where sums are scaled, a row's scale is the largest exponent among the keys
 * that this row sees: the largest before the chunk, and inside it a running
 * maximum down the rows. A later key changes neither it nor the row.
 */
import type { FinishPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Kernel, Value } from '../kernel.ts'
import { everyTile } from './blocks.ts'
import { addTile } from './chunk-panels.ts'
import { addPairs } from './chunk-pairs.ts'
import { declarePairs } from './chunk-shares.ts'
import { ChunkFeatures } from './chunk-tile.ts'
import { chunkLayout, rowFours, rowsOfGroup, vectors } from './chunk.ts'
import type { Chunk, ChunkLayout, ChunkRows } from './chunk.ts'
import { declareFours } from './fours.ts'
import { divide, frame, groupNames, headsOf, u32Name, visible } from './frame.ts'
import type { Frame } from './frame.ts'
import { mendRows, mendingArrays } from './mend.ts'
import { eachExchanged, panelPlace } from './panel.ts'
import { readout } from './readout.ts'
import { rowsOfCall } from './row-places.ts'
import { raiseRowScales } from './row-scale.ts'
import { stateLayout } from './state-layout.ts'
import {
  across,
  columnGroup,
  declareColumns,
  extent,
  lanes,
  nth,
  rowGroup,
  rowNumbers,
  rowVector,
  split,
  threadNames,
  valueTiles,
} from './tile.ts'
import type { Columns } from './tile.ts'

/**
 * The kernel that reads a chunk's query rows out of the state before it, adds the causal pairs inside the
 * chunk, and stores the rows of the output.
 */
export function lowerFinish(schedule: Schedule, pass: FinishPass): Kernel {
  const { tile, causal } = pass
  const frameOfPass = frame(schedule, pass)
  const { binding, counts, kernel } = frameOfPass
  const { layout, shared } = chunkLayout(schedule, pass)

  const body = record((k) => {
    declareGroup(k, schedule, pass, frameOfPass)
    const columns = columnsOf(k, schedule, pass)
    const firstRow = k.let('firstRow', ir.mul(u32Name('rowTile'), tile.rows))
    const chunk = declareChunk(k, schedule, pass, frameOfPass, layout, columns, firstRow)
    const features = new ChunkFeatures(k, chunk)
    everyTile(k, pass.query.blocks, tile.steps, (block, component) => {
      const { size, start } = nth(pass.query.blocks, block)
      const count = k.let('count', extent(component, ir.u32(size), tile.steps))
      const feature = k.let('firstFeature', ir.add(component, start))
      const tileOfFeatures = { block, component, feature, count }
      const numbers = features.evaluate(k, tileOfFeatures)
      const scales = chunk.scaled ? raiseRowScales(k, chunk, tileOfFeatures, numbers) : undefined
      addTile(k, chunk, tileOfFeatures, numbers, scales)
    })
    joinTotals(k, chunk)
    if (!chunk.scaled) actOnSums(k, chunk)
    if (chunk.pairs !== undefined) addPairs(k, chunk, chunk.pairs)
    const places = rowsOfCall('query', schedule.valueDim / columns.unit)
    readout(k, { pass, columns, groups: chunk.rows, out: binding('out'), places, firstRow })
    mendRows(k, schedule, pass, { binding, counts }, firstRow, chunk.rows)
  })
  const summary = causal
    ? 'Each row: φ(q)·S of the chunks before, plus the pairs of its own chunk, over φ(q)·z likewise.'
    : 'Each row: φ(q)·S over φ(q)·z.'
  return kernel(summary, [...shared, ...mendingArrays(pass)], body)
}

/** Declares the names of the workgroup's group, head and tile, and of its threads. */
function declareGroup(k: Author, schedule: Schedule, { tile }: FinishPass, frame: Frame): void {
  const tiles = [
    ['valueTile', valueTiles(tile, schedule.valueDim)],
    ['rowTile', ir.div(ir.add(ir.shape('length'), tile.rows - 1), tile.rows)],
    ['headInGroup', headsOf(schedule.groups)],
  ] as const
  k.use(divide(tiles, 'slice'), groupNames(frame.counts, schedule.groups))
  frame.action.declare(k)
  k.use(threadNames(tile))
}

/** Declares a thread's sums, and the index of the state before its rows. */
function declareChunk(
  k: Author,
  schedule: Schedule,
  pass: FinishPass,
  { binding, counts, action, maxima }: Frame,
  chunkLayout: ChunkLayout,
  columns: Columns,
  firstRow: Value,
): Chunk {
  const { tile, causal } = pass
  const scaled = pass.scaling === 'scaled'
  const layout = stateLayout(schedule, pass.scaling)
  // A state is as of the last visible row: those from there to the row before the chunk have acted on it since.
  const rowsSince = ir.sub(firstRow, ir.call('min', firstRow, visible))
  const sinceState = action.after(ir.convert('f32', rowsSince)).measured(k)
  const keys = k.let('keys', causal ? extent(firstRow, visible, tile.rows) : ir.u32(0))
  // A chunk is as long as a tile where the attention is causal; without a mask there is one state for all.
  const start = k.let('stateStart', layout.start(causal ? u32Name('rowTile') : ir.u32(0)))
  return {
    schedule,
    pass,
    binding,
    counts,
    maxima,
    action,
    scaled,
    layout: chunkLayout,
    columns,
    firstRow,
    keys,
    keyCount: causal ? k.let('keyCount', ir.convert('f32', keys)) : ir.f32(0),
    firstNumber: causal ? k.let('firstNumber', ir.convert('f32', ir.mul(rowGroup, rowsOfGroup))) : ir.f32(0),
    sinceState,
    state: {
      buffer: binding('state'),
      layout,
      start,
      fours: columns.unit === 1 ? start : k.let('stateFours', ir.div(start, columns.unit)),
    },
    rows: declareRows(k, pass, columns),
    pairs: causal ? declarePairs(k, pass) : undefined,
  }
}

/** The thread's columns: in fours where each row of S begins with one, and where no row is mended number by number. */
function columnsOf(k: Author, schedule: Schedule, { tile, mended }: FinishPass): Columns {
  const { features, valueDim } = schedule
  const inFours = features % lanes === 0 && mended === undefined
  return inFours ? declareFours(k, tile, valueDim) : declareColumns(k, tile, valueDim)
}

function declareRows(k: Author, { scaling }: FinishPass, columns: Columns): ChunkRows[] {
  const sums = split(k.registers('sums', 'vec4f', vectors * columns.count), vectors)
  const totals = k.registers('totals', 'vec4f', vectors)
  const scales = scaling === 'scaled' ? k.registers('rowScale', 'vec4f', vectors, lowest) : []
  return rowFours().map((four, vector) => ({
    four,
    group: rowVector(vector, vectors),
    sums: nth(sums, vector),
    total: nth(totals, vector),
    scale: scales[vector],
  }))
}

/** Puts together what the threads of a row have of its denominator. */
function joinTotals(k: Author, { rows, layout, pass }: Chunk): void {
  const { exchanged, array } = layout
  k.comment('denominators, of which a thread has what its components give')
  for (const { four, total } of rows) k.sharedStore(array, panelPlace(exchanged, columnGroup, four), total)
  k.barrier()
  for (const { total } of rows) k.set(total, ir.splat(0))
  const fours = rows.map(({ four }) => four)
  eachExchanged(k, exchanged, across(pass.tile), fours, (which, part) => k.add(nth(rows, which).total, part))
  k.barrier()
}

/** All rows since the state act on what has been read out of it; of scaled sums the scale says so. */
function actOnSums(k: Author, { rows, action, sinceState }: Chunk): void {
  for (const [vector, { group, sums, total }] of rows.entries()) {
    const since = action.after(rowNumbers(1, group)).and(sinceState).factor(k, vector)
    for (const sum of [total, ...sums]) since.apply(k, sum)
  }
}
