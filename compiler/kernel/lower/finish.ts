/**
 * Finish: one workgroup takes 32 query rows of a head and a tile of value
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
import { addPairs, addScores } from './chunk-pairs.ts'
import { ChunkFeatures } from './chunk-tile.ts'
import { chunkArrays } from './chunk.ts'
import type { Chunk, ChunkArrays, ChunkRows, FeatureTile } from './chunk.ts'
import { divide, frame, groupNames, headsOf, u32Name, visible } from './frame.ts'
import type { Frame } from './frame.ts'
import { mendRows, mendingArrays } from './mend.ts'
import { readout } from './readout.ts'
import { rowsOfCall } from './row-places.ts'
import { raiseRowScales } from './row-scale.ts'
import { stateLayout } from './state-layout.ts'
import { addProducts } from './tile-product.ts'
import {
  declareColumns,
  extent,
  lanes,
  nth,
  place,
  range,
  rowNumbers,
  rowVector,
  split,
  threadNames,
  tileArray,
  valueTiles,
  vectorsOf,
} from './tile.ts'
import type { Columns } from './tile.ts'

/**
 * The kernel that reads 32 query rows out of the state before their chunk, adds the causal pairs inside the
 * chunk, and stores the rows of the output.
 */
export function lowerFinish(schedule: Schedule, pass: FinishPass): Kernel {
  const { tile, causal } = pass
  const frameOfPass = frame(schedule, pass)
  const { binding, counts, kernel } = frameOfPass
  const { arrays, shared } = chunkArrays(pass)
  const pairs = tileArray('pairs', tile.rows)

  const body = record((k) => {
    declareGroup(k, schedule, pass, frameOfPass)
    const columns = declareColumns(k, tile, schedule.valueDim)
    const firstRow = k.let('firstRow', ir.mul(u32Name('rowTile'), tile.rows))
    const { chunk, keys } = declareChunk(k, schedule, pass, frameOfPass, arrays, columns, firstRow)
    const features = new ChunkFeatures(k, chunk)
    everyTile(k, pass.query.blocks, tile.steps, (block, first) =>
      readTile(k, chunk, columns, features, block, first),
    )
    if (!chunk.scaled) actOnSums(k, chunk)
    if (causal) addPairs(k, chunk, columns, pairs, keys)
    const places = rowsOfCall('query', schedule.valueDim)
    readout(k, { pass, columns, groups: chunk.rows, out: binding('out'), places, firstRow })
    mendRows(k, schedule, pass, { binding, counts }, firstRow, chunk.rows)
  })
  const summary = causal
    ? 'Each row: φ(q)·S of the chunks before, plus the pairs of its own chunk, over φ(q)·z likewise.'
    : 'Each row: φ(q)·S over φ(q)·z.'
  return kernel(summary, [...shared, ...(causal ? [pairs] : []), ...mendingArrays(pass)], body)
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

/** Declares a thread's sums, and the index of the state before its rows, of whose chunk it sees `keys` keys. */
function declareChunk(
  k: Author,
  schedule: Schedule,
  pass: FinishPass,
  { binding, counts, action, maxima }: Frame,
  arrays: ChunkArrays,
  columns: Columns,
  firstRow: Value,
): { readonly chunk: Chunk; readonly keys: Value } {
  const { tile, causal } = pass
  const scaled = pass.scaling === 'scaled'
  const layout = stateLayout(schedule, pass.scaling)
  // A state is as of the last visible row: those from there to the row before the chunk have acted on it since.
  const rowsSince = ir.sub(firstRow, ir.call('min', firstRow, visible))
  const sinceState = action.after(ir.convert('f32', rowsSince)).measured(k)
  const keys = k.let('keys', causal ? extent(firstRow, visible, tile.rows) : ir.u32(0))
  // A chunk is as long as a tile where the attention is causal; without a mask there is one state for all.
  const start = k.let('stateStart', layout.start(causal ? u32Name('rowTile') : ir.u32(0)))
  const rows = declareRows(k, pass, columns)
  const state = { buffer: binding('state'), layout, start }
  return {
    chunk: {
      schedule,
      pass,
      binding,
      counts,
      maxima,
      action,
      scaled,
      arrays,
      firstRow,
      sinceState,
      state,
      rows,
    },
    keys,
  }
}

function declareRows(k: Author, { tile, causal, scaling }: FinishPass, columns: Columns): ChunkRows[] {
  const vectors = vectorsOf(tile, tile.rows)
  const sums = split(k.registers('sums', 'vec4f', vectors * columns.count), vectors)
  const totals = k.registers('totals', 'vec4f', vectors)
  const scores = causal ? split(k.registers('scores', 'vec4f', vectors * lanes), vectors) : []
  const scales = scaling === 'scaled' ? k.registers('rowScale', 'vec4f', vectors, lowest) : []
  return range(vectors).map((vector) => ({
    group: rowVector(vector, vectors),
    sums: nth(sums, vector),
    total: nth(totals, vector),
    scores: scores[vector] ?? [],
    scale: scales[vector],
  }))
}

/** Evaluates a tile of features, and adds its products with the state and its part of the scores. */
function readTile(
  k: Author,
  chunk: Chunk,
  columns: Columns,
  features: ChunkFeatures,
  block: number,
  firstComponent: Value,
): void {
  const { pass, scaled } = chunk
  const query = nth(pass.query.blocks, block)
  const count = k.let('count', extent(firstComponent, ir.u32(query.size), pass.tile.steps))
  const first = k.let('firstFeature', ir.add(firstComponent, query.start))
  const tile = { block, first, count }
  features.fill(k, block, firstComponent)
  k.barrier()
  if (scaled) raiseRowScales(k, chunk, tile)
  readState(k, chunk, columns, tile)
  // Without pairs, what the next tile fills has last been read before the barrier behind the scales.
  if (!scaled || pass.causal) k.barrier()
}

/** Component by component: φ(q)·S and φ(q)·z, and the pairs' scores. */
function readState(k: Author, chunk: Chunk, columns: Columns, tile: FeatureTile): void {
  const { arrays, rows, state, pass } = chunk
  const { layout, buffer, start } = state
  k.loop('f', 0, tile.count, (f) => {
    const weights = rows.map(({ group }, vector) =>
      k.let(`weight${vector}`, ir.sharedLoad(arrays.weight, place(f, group))),
    )
    const feature = k.let('feature', ir.add(tile.first, f))
    const entries = columns.load(k, buffer, layout.s(start, feature, ir.u32(0)))
    const z = k.let('z', ir.load(buffer, layout.z(start, feature)))
    addProducts(k, rows, { weights, entries, z })
    if (pass.causal) addScores(k, chunk, tile, f, weights)
  })
}

/** All rows since the state act on what has been read out of it; of scaled sums the scale says so. */
function actOnSums(k: Author, { rows, action, sinceState }: Chunk): void {
  for (const [vector, { group, sums, total }] of rows.entries()) {
    const since = action.after(rowNumbers(1, group)).and(sinceState).factor(k, vector)
    for (const sum of [total, ...sums]) since.apply(k, sum)
  }
}
