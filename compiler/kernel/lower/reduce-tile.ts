/**
 * What a workgroup of *reduce* has at hand: rows of a chunk by components of a block, whose φ(k) threads put into
 * panels, over the components' running scales where sums are scaled.
 */
import type { ReducePass, Schedule, ScheduledBlock } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Author, Name } from '../author.ts'
import type { SharedArray, Value } from '../kernel.ts'
import { exponentOf } from './exponents.ts'
import { prepareRows } from './features.ts'
import type { EvaluatedFeatures } from './features.ts'
import { positionsBy, visible } from './frame.ts'
import type { Elapsed } from './action.ts'
import type { Frame } from './frame.ts'
import { headMaximum } from './maxima-layout.ts'
import { widen } from './operators.ts'
import { eachExchanged, loadedStride, oddStride, panelPlace, unitOf } from './panel.ts'
import type { Filling, Four, Panel } from './panel.ts'
import { evaluateProjected } from './projected-tile.ts'
import { projectedOf } from './projected-layout.ts'
import { rowsOfCall, rowsTogether } from './row-places.ts'
import { raised, raiseScales, relativeTo } from './running-scale.ts'
import { across, columnGroup, lanes, nth, range, rowGroup, tileArray, within } from './tile.ts'
import type { Columns } from './tile.ts'
import { columnFours } from './column-panel.ts'

/** Rows whose φ and whose values are in workgroup memory at a time. */
export const rowsAtOnce = 16
/** Entries of rows and projections that are. */
const depth = 16

/** The key rows of a chunk. */
export interface ChunkRows {
  readonly first: Value
  /** What the rows behind one of them do, up to the last visible one. */
  readonly toLast: (row: Value) => Elapsed
  readonly count: Value
}

/** Where things are; what has been read makes room for what comes next. */
export interface ReduceLayout {
  readonly array: SharedArray
  readonly projections: Panel
  readonly keys: Panel
  /** φ by row. */
  readonly phi: Panel
  /** Values by row. */
  readonly values: Panel
  /** An exponent of each component from each thread across the tile. */
  readonly exchanged: Panel
}

/** The layout of a tile. */
export function reduceLayout({ dim }: Schedule, { tile, features }: ReducePass): ReduceLayout {
  const projects = features.blocks.some((block) => block.projected)
  const [components, keys, columns] = [tile.steps / lanes, across(tile), columnFours(tile)]
  const loaded = (fours: number): number => loadedStride(fours, depth, dim)
  const [ofProjections, ofPhi] = [loaded(components) * depth, oddStride(components) * rowsAtOnce]
  const toProject = projects ? ofProjections + loaded(keys) * depth : 0
  const length = Math.max(toProject, ofPhi + oddStride(columns) * rowsAtOnce)
  const array = tileArray('tile', 1, length)
  const panel = (fours: number, first = 0): Panel => ({ array, first, fours, stride: oddStride(fours) })
  return {
    array,
    projections: { ...panel(components), stride: loaded(components) },
    keys: { ...panel(keys, ofProjections), stride: loaded(keys) },
    phi: panel(components),
    values: panel(columns, ofPhi),
    exchanged: panel(components),
  }
}

/** The operands of a workgroup. */
export interface Operands {
  readonly schedule: Schedule
  readonly pass: ReducePass
  readonly binding: Frame['binding']
  readonly maxima: Frame['maxima']
  readonly counts: Frame['counts']
  readonly scaled: boolean
  readonly columns: Columns
  readonly layout: ReduceLayout
  readonly rows: ChunkRows
}

/** A tile of components of a block, and a thread's sums for it. */
export interface Reduction extends Operands {
  readonly block: ScheduledBlock
  /** The tile's first component, within the block. */
  readonly components: Value
  readonly sums: readonly ComponentSums[]
  /** The running scale of the components that the thread fills in blocks without projections. */
  readonly fillScale: Name | undefined
}

/** Four components of a thread: its columns of S, z, and the running scale where sums are scaled. */
export interface ComponentSums {
  /** The component group in the tile. */
  readonly four: Four
  readonly sums: readonly Name[]
  readonly total: Name
  readonly scale: Name | undefined
}

/** A component in a lane of a group, within the tile: neighbouring groups have neighbouring components. */
export const componentIn = ({ tile }: ReducePass, four: Value, lane: number): Value =>
  ir.add(four, (lane * tile.steps) / lanes)

/** The groups of components of the thread. */
export const componentFours = (vectors: number): Four[] =>
  range(vectors).map((more) => ({ of: ir.mul(rowGroup, vectors), more }))

/** φ of a thread's components in some rows. */
export interface Evaluated {
  /** By component group. */
  readonly features: readonly EvaluatedFeatures[]
  readonly fours: readonly Four[]
  /** The rows, counted from the chunk's first one. */
  readonly rows: readonly Value[]
  /** Which of so many threads that have the same components it is. */
  readonly sharer: Value
  readonly sharers: number
  /** The running scales of these components, where sums are scaled. */
  readonly scales: readonly (Name | undefined)[]
}

/** Evaluates φ on `across` · 4 rows from `from` of the chunk on, as products with projections. */
export function evaluateProducts(k: Author, reduction: Reduction, from: Value): Evaluated {
  const { schedule, pass, binding, counts, maxima, block, components, layout, rows, sums } = reduction
  const threadsAcross = across(pass.tile)
  const first = k.let('fromRow', ir.add(rows.first, from))
  const keys: Filling = {
    panel: layout.keys,
    buffer: binding('k'),
    places: rowsOfCall('key', schedule.dim / unitOf(schedule.dim)),
    last: k.let('lastKey', ir.sub(ir.call('max', visible, 1), 1)),
    rowAt: (four, lane) => ir.add(first, four, lane * threadsAcross),
  }
  const projections: Filling = {
    panel: layout.projections,
    buffer: binding('w'),
    places: rowsTogether(ir.u32(0), schedule.dim / unitOf(schedule.dim)),
    last: ir.u32(block.size - 1),
    rowAt: (four, lane) => ir.add(components, componentIn(pass, four, lane)),
  }
  const fours = sums.map(({ four }) => four)
  const features = evaluateProjected(k, {
    block,
    threads: pass.tile.threads,
    width: schedule.dim,
    depth,
    rows: { filling: keys, fours: [{ of: columnGroup, more: 0 }] },
    projections: { filling: projections, fours },
    inLanes: 'projections',
    length: visible,
    position: positionsBy(counts),
    maximum: maxima && ((): Value => headMaximum(maxima)),
    prefix: 'k',
  })
  const items = range(lanes).map((item) => ir.add(from, columnGroup, item * threadsAcross))
  return {
    features,
    fours,
    rows: items,
    sharer: columnGroup,
    sharers: threadsAcross,
    scales: sums.map(({ scale }) => scale),
  }
}

/** Evaluates φ on `rowsAtOnce` rows from `from` of the chunk on: neighbouring threads have neighbouring components. */
export function evaluateRows(k: Author, reduction: Reduction, from: Value): Evaluated {
  const { schedule, pass, binding, counts, maxima, block, components, rows } = reduction
  const { threads, steps } = pass.tile
  const groups = steps / lanes
  const four = k.let('fillFour', ir.mod(ir.thread, groups))
  const row = k.let('fillRow', ir.div(ir.thread, groups))
  const apart = threads / groups
  const items = range(rowsAtOnce / apart).map((item) => ir.add(from, row, item * apart))
  const prepared = prepareRows(
    {
      extent: 'items',
      each: items.length,
      buffer: binding('k'),
      dim: schedule.dim,
      places: rowsOfCall('key', schedule.dim),
      at: (item) => within(ir.add(rows.first, nth(items, item)), visible),
      position: positionsBy(counts),
      count: visible,
      projected: projectedOf(schedule, pass, binding, 'key'),
      ...(maxima && { maximum: () => headMaximum(maxima) }),
      prefix: 'k',
    },
    [block],
  )
  const evaluated = prepared.evaluate({
    block,
    each: lanes,
    at: (lane) => ir.add(components, componentIn(pass, four, lane)),
    steps,
    projection: undefined,
  })
  k.use(prepared.statements, evaluated.statements)
  const wide = (value: (item: number) => Value) => (item: number) => widen(value(item))
  const features: EvaluatedFeatures = {
    ...evaluated,
    value: wide(evaluated.value),
    exponent: wide(evaluated.exponent),
    coefficient: evaluated.coefficient && wide(evaluated.coefficient),
  }
  return {
    features: [features],
    fours: [{ of: four, more: 0 }],
    rows: items,
    sharer: row,
    sharers: apart,
    scales: [reduction.fillScale],
  }
}

/**
 * What the rows add to the sums: φ as of the last visible row of the chunk, over its running scale where sums are scaled.
 * Rows past the last add nothing.
 */
export function weightsOf(
  k: Author,
  reduction: Reduction,
  evaluated: Evaluated,
): (group: number, item: number) => Value {
  const { rows } = reduction
  const elapsed = evaluated.rows.map((row) => rows.toLast(ir.add(rows.first, row)))
  const present = (item: number, value: Value): Value =>
    ir.select(ir.lt(nth(evaluated.rows, item), rows.count), value, ir.splat(0))
  const features = (group: number): EvaluatedFeatures => nth(evaluated.features, group)
  if (!reduction.scaled)
    return (group, item) => present(item, nth(elapsed, item).shrink(widen(features(group).value(item))))
  const exponents = evaluated.features.map((ofGroup, group) =>
    elapsed.map((after, item) => k.let(`exponent${group}_${item}`, after.lower(exponentOf(ofGroup, item)))),
  )
  raiseComponents(k, reduction, evaluated, exponents)
  return (group, item) => {
    const scale = evaluated.scales[group] ?? ir.splat(0)
    const mantissa = relativeTo(scale, nth(nth(exponents, group), item))
    const { coefficient } = features(group)
    return present(item, coefficient === undefined ? mantissa : ir.mul(widen(coefficient(item)), mantissa))
  }
}

/** Takes the rows' exponents into the running scales of their components. */
function raiseComponents(
  k: Author,
  { layout, sums, fillScale }: Reduction,
  { fours, sharer, sharers, scales }: Evaluated,
  exponents: readonly (readonly Value[])[],
): void {
  k.comment('each component is scaled by its largest exponent so far')
  fours.forEach((four, group) => {
    const [first = ir.splat(0), ...others] = nth(exponents, group)
    const most = others.reduce((largest, exponent) => raised(largest, exponent), first)
    k.sharedStore(layout.array, panelPlace(layout.exchanged, sharer, four), most)
  })
  k.barrier()
  const each = (fours: readonly Four[], raise: (which: number, exponent: Value) => void): void =>
    eachExchanged(k, layout.exchanged, sharers, fours, raise)
  const scaled = sums.flatMap(({ four, sums: columns, total, scale }, vector) =>
    scale === undefined
      ? []
      : [
          {
            four,
            scale,
            sums: [total, ...columns],
            names: { before: `before${vector}`, shrink: `shrink${vector}` },
          },
        ],
  )
  raiseScales(k, scaled, (raise) =>
    each(
      scaled.map(({ four }) => four),
      raise,
    ),
  )
  if (fillScale !== undefined && scales.includes(fillScale))
    raiseScales(k, [{ scale: fillScale, sums: [] }], (raise) => each([nth(fours, 0)], raise))
  k.barrier()
}
