/**
 * Reduce: one workgroup takes one chunk, up to 64 components of φ and a tile of
 * value columns, and sums φ(k_j) v_jᵀ and φ(k_j) over the chunk's rows.
 * Components are in the lanes and rows are items, so that the sum over rows is
 * a product of register tiles.
 */
import type { ReducePass, Schedule, ScheduledBlock } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author, Register } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Binding, Kernel, SharedArray, Value } from '../kernel.ts'
import { chooseBlock, tilesOf } from './blocks.ts'
import { exponentOf } from './exponents.ts'
import { prepareRows } from './features.ts'
import type { EvaluatedFeatures } from './features.ts'
import { divide, firstKeyRow, frame, groupNames, logDecay, logDecayName, u32Name, visible } from './frame.ts'
import type { Frame } from './frame.ts'
import { headMaximum } from './maxima-layout.ts'
import { widen } from './operators.ts'
import { projectedOf } from './projected-layout.ts'
import { raiseScale, relativeTo } from './running-scale.ts'
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
  within,
} from './tile.ts'
import type { Columns, Lane } from './tile.ts'

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
    if (features.blocks.some((block) => keepsComponents(pass, block))) {
      k.let('fillComponents', ir.mod(ir.thread, groups))
      k.let('fillRow', ir.div(ir.thread, groups))
    }
    const rows = declareRows(k, schedule, pass)
    const reduction = {
      schedule,
      pass,
      binding: frameOfPass.binding,
      scaled,
      columns,
      groups,
      phi,
      scales,
      rows,
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
function declareGroup(k: Author, schedule: Schedule, pass: ReducePass, { counts, binding }: Frame): void {
  const { tile, features, buffers } = pass
  const tiles = [
    ['valueTile', valueTiles(tile, schedule.valueDim)],
    ['featureTile', features.blocks.reduce((count, block) => count + tilesOf(block, tile.steps), 0)],
    ['chunk', ir.shape('chunks')],
  ] as const
  k.use(divide(tiles, 'slice'), groupNames(counts, schedule.groups, false))
  if (buffers.includes('decay')) k.use(logDecayName(binding('decay')))
  k.use(threadNames(tile))
}

/** The key rows of a chunk. */
interface ChunkRows {
  readonly first: Value
  /** The last visible one, where there is a decay. */
  readonly last: Value | undefined
  readonly count: Value
}

function declareRows(k: Author, { chunk }: Schedule, { buffers }: ReducePass): ChunkRows {
  const first = k.let('firstRow', ir.mul(u32Name('chunk'), chunk))
  const end = ir.call('max', ir.call('min', ir.add(first, chunk), visible), 1)
  const last = buffers.includes('decay') ? k.let('lastRow', ir.sub(end, 1)) : undefined
  return { first, last, count: k.let('rows', extent(first, visible, chunk)) }
}

/** The operands of a workgroup. */
interface Operands {
  readonly schedule: Schedule
  readonly pass: ReducePass
  readonly binding: Frame['binding']
  readonly scaled: boolean
  readonly columns: Columns
  /** vec4 groups of components: where other passes have four rows in a vec4f, this one has four components. */
  readonly groups: number
  /** φ, or its exponents, by (row, component group). */
  readonly phi: SharedArray
  /** The running scale of each component. */
  readonly scales: SharedArray
  readonly rows: ChunkRows
}

/** A tile of components of a block, and what a thread sums for it. */
interface Reduction extends Operands {
  readonly block: ScheduledBlock
  /** The tile's first component, within the block. */
  readonly components: Value
  readonly sums: readonly ComponentSums[]
}

/** Four components of a thread: its columns of S, z, and the running scale where sums are scaled. */
interface ComponentSums {
  /** The number of the component group in the tile. */
  readonly group: Value
  readonly sums: readonly Register[]
  readonly total: Register
  readonly scale: Register | undefined
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
  contract(k, 'j', count, sums, (j) => {
    const weights = sums.map(({ group }, vector) =>
      k.let(`feature${vector}`, ir.sharedLoad(phi, place(j, group, groups))),
    )
    const start = ir.mul(ir.add(firstKeyRow, rows.first, from, j), schedule.valueDim)
    return { weights, entries: columns.load(k, binding('v'), start) }
  })
  if (schedule.chunk > pass.tile.rows) k.barrier()
}

/** Whether a thread has the same components in all its rows. */
const keepsComponents = ({ scaling }: ReducePass, block: ScheduledBlock): boolean =>
  scaling === 'scaled' || block.projected

/** Fills `phi` for the rows from `from` of the chunk on: neighbouring threads have neighbouring components. */
function fillTile(k: Author, reduction: Reduction, from: Value, count: Value): void {
  const { pass, groups, block } = reduction
  const { rows, threads } = pass.tile
  if (keepsComponents(pass, block)) {
    // Projections of several rows share their loads.
    const stride = threads / groups
    const own = range(rows / stride).map((item) => ir.add(u32Name('fillRow'), item * stride))
    fillRows(k, reduction, from, count, u32Name('fillComponents'), own)
    return
  }
  // Entries of a row share nothing.
  k.strided('item', ir.thread, rows * groups, threads, (item) => {
    const row = k.let('fillRow', ir.div(item, groups))
    fillRows(k, reduction, from, count, k.let('fillComponents', ir.mod(item, groups)), [row])
  })
}

/** Fills four components of φ in some rows. */
function fillRows(
  k: Author,
  reduction: Reduction,
  from: Value,
  count: Value,
  group: Value,
  rows: readonly Value[],
): void {
  const { scaled, phi, scales, groups, sums } = reduction
  const rowAt = (item: number): Value =>
    ir.add(reduction.rows.first, from, within(rows[item] ?? ir.u32(0), count))
  const features = evaluate(k, reduction, group, rows.length, rowAt)
  const fading = (item: number): Value | undefined => fadingOf(reduction, rowAt(item))
  const put = (value: (item: number) => Value): void =>
    rows.forEach((row, item) => k.sharedStore(phi, place(row, group, groups), widen(value(item))))
  if (!scaled) {
    put((item) => faded(widen(features.value(item)), fading(item)))
    return
  }
  const exponent = (item: number): Value => {
    const rowFading = fading(item)
    return rowFading === undefined
      ? exponentOf(features, item)
      : ir.add(exponentOf(features, item), ir.splat(rowFading))
  }
  k.comment('each component is scaled by its largest exponent so far')
  put(exponent)
  k.barrier()
  for (const [vector, component] of sums.entries()) raiseComponents(k, reduction, component, vector, count)
  k.barrier()
  const scale = k.let('scale', ir.sharedLoad(scales, group))
  put((item) => {
    const mantissa = relativeTo(scale, exponent(item))
    return features.coefficient === undefined ? mantissa : ir.mul(widen(features.coefficient(item)), mantissa)
  })
}

/** log₂ of a row's weight: it falls by γ for each row from it to the last visible one of the chunk. */
const fadingOf = ({ rows }: Operands, row: Value): Value | undefined =>
  rows.last && ir.mul(logDecay, ir.convert('f32', ir.sub(rows.last, row)))

const faded = (value: Value, fading: Value | undefined): Value =>
  fading === undefined ? value : ir.mul(value, ir.splat(ir.call('exp2', fading)))

/** φ of four components of the block in some rows, four components a vec4f. */
function evaluate(
  k: Author,
  { schedule, pass, binding, block, components }: Reduction,
  group: Value,
  count: number,
  rowAt: (item: number) => Value,
): EvaluatedFeatures {
  const prepared = prepareRows(
    {
      extent: 'items',
      each: count,
      buffer: binding('k'),
      dim: schedule.dim,
      first: firstKeyRow,
      at: rowAt,
      count: visible,
      projected: projectedOf(schedule, pass, binding, 'key'),
      ...(pass.buffers.includes('maxima') ? { maximum: () => headMaximum(binding('maxima')) } : {}),
      prefix: 'k',
    },
    [block],
  )
  const first = ir.add(components, ir.mul(group, lanes))
  const evaluated = prepared.evaluate({
    block,
    each: lanes,
    at: (lane) => ir.add(first, lane),
    steps: pass.tile.steps,
    projection: block.projected ? binding('w') : undefined,
  })
  k.use(prepared.statements, evaluated.statements)
  return evaluated
}

/** Takes the rows' exponents into the running scales of four components. */
function raiseComponents(
  k: Author,
  { phi, scales, groups }: Operands,
  { group, sums, total, scale }: ComponentSums,
  vector: number,
  count: Value,
): void {
  if (scale === undefined) return
  const names = { before: `before${vector}`, shrink: `shrink${vector}` }
  raiseScale(k, { scale, sums: [total, ...sums], names }, (raise) =>
    k.loop('j', 0, count, (j) => raise(ir.sharedLoad(phi, place(j, group, groups)))),
  )
  k.if(ir.eq(columnGroup, 0), () => k.sharedStore(scales, group, scale))
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
  const state: Binding = binding('state')
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
