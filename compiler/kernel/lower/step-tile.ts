/**
 * A tile of the carried state as the workgroup of a decoding step takes it: the first threads finish four components
 * of φ each, whose numbers lie in shared arrays for the threads that own numbers of S.
 */
import type { ScheduledBlock, Schedule, StepPass } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Author, Name } from '../author.ts'
import type { Binding, SharedArray, Value } from '../kernel.ts'
import { expressionsOf, prepareRows } from './features.ts'
import type { EvaluatedFeatures } from './features.ts'
import { firstPositionOf, owner } from './frame.ts'
import type { Frame } from './frame.ts'
import { widen } from './operators.ts'
import type { Reduced } from './pairs.ts'
import { rowsTogether } from './row-places.ts'
import { relativeTo } from './running-scale.ts'
import type { StateLayout } from './state-layout.ts'
import { fourLanes, inLanes, lanes, range } from './tile.ts'
import type { Lane } from './tile.ts'
import { productArrays, tokenProducts } from './token-products.ts'
import type { ProductArrays } from './token-products.ts'

/** Workgroup memory of a step. */
export interface StepArrays {
  /** By component: the factor by which the update keeps a row of S, and what it adds for each unit of value. */
  readonly kept: SharedArray
  readonly added: SharedArray
  /** By component: φ(q) over the scale of the row. */
  readonly weights: SharedArray
  /** By group of four components: their largest exponent, where sums are scaled, and their part of the denominator. */
  readonly largest: SharedArray
  readonly totals: SharedArray
  /** By thread: what it has summed of a column. */
  readonly sums: SharedArray
  readonly products: ProductArrays
}

/** The arrays of a pass. */
export function stepArrays({ threads, steps }: StepPass['tile']): StepArrays {
  const array = (name: string, length: number): SharedArray => ({ name, element: 'f32', length })
  return {
    kept: array('kept', steps),
    added: array('added', steps),
    weights: array('weights', steps),
    largest: array('largest', steps / lanes),
    totals: array('totals', steps / lanes),
    sums: array('partialSums', threads),
    products: productArrays(steps),
  }
}

/** The operands of a workgroup. */
export interface Step {
  readonly schedule: Schedule
  readonly pass: StepPass
  readonly frame: Frame
  readonly arrays: StepArrays
  readonly state: { readonly carried: Binding; readonly layout: StateLayout; readonly start: Value }
  readonly scaled: boolean
  /** Threads along the columns of S, and the columns of a thread: every so-manieth. */
  readonly across: number
  readonly columns: readonly number[]
  /** The value's entries in the thread's columns. */
  readonly values: readonly Value[]
}

/** A thread's sums for a query head. */
export interface HeadSums {
  /** Over the thread's features, for each of its columns. */
  readonly sums: readonly Name[]
  /** Over the components that the thread finishes. */
  readonly total: Name
  /** The running scale, where sums are scaled. */
  readonly scale: Name | undefined
  /** Whether the head is the group's first, which takes in the token's key. */
  readonly isFirst: Value
}

/** As many components of a block, on both sides, as the workgroup takes at a time. */
export interface ComponentTile {
  readonly query: ScheduledBlock
  readonly key: ScheduledBlock
  /** The tile's first component, within the block. */
  readonly first: Value
  /** How many components a whole tile has, and how many groups of four. */
  readonly width: number
  readonly fours: number
  /** Whether all tiles of the block are whole. */
  readonly exact: boolean
}

/** Runs `then` for every tile of the blocks. */
export function everyTile(k: Author, pass: StepPass, then: (tile: ComponentTile) => void): void {
  for (const [index, query] of pass.query.blocks.entries()) {
    const key = pass.key.blocks[index] ?? query
    const { size } = query
    const width = Math.min(pass.tile.steps, lanes * Math.ceil(size / lanes))
    const tile = { query, key, width, fours: width / lanes, exact: size % width === 0 }
    k.strided('components', 0, size, width, (first) => then({ ...tile, first }))
  }
}

/** Component in a lane of a group of four, within the block. */
const componentOf = ({ first }: ComponentTile, four: Value, lane: number): Value =>
  ir.add(first, ir.mul(four, lanes), lane)

/** The thread's component of a lane, within the block. */
export const componentAt = (tile: ComponentTile, lane: number): Value => componentOf(tile, ir.thread, lane)

/** The same, or the block's last component. */
const componentInside = (tile: ComponentTile, four: Value, lane: number): Value => {
  const component = componentOf(tile, four, lane)
  return tile.exact ? component : ir.call('min', component, tile.query.size - 1)
}

/** Whether the thread's component of a lane exists. */
export const exists = (tile: ComponentTile, lane: number): Value =>
  tile.exact ? ir.bool(true) : ir.lt(componentAt(tile, lane), tile.query.size)

/** The lanes of a value whose components exist, and `absent` in the others. */
export const present = (tile: ComponentTile, value: Value, absent: number): Value =>
  tile.exact ? value : inLanes((lane) => ir.select(exists(tile, lane), ir.lane(value, lane), absent))

/** The carried numbers of the thread's components, at the places that `at` gives of their features. */
export const loadCarried = ({ state }: Step, tile: ComponentTile, at: (feature: Value) => Value): Value =>
  inLanes((lane) =>
    ir.load(state.carried, at(ir.add(componentInside(tile, ir.thread, lane), tile.query.start))),
  )

/** Index of the scale of a feature. */
export const scaleAt =
  ({ state }: Step) =>
  (feature: Value): Value =>
    state.layout.scale(state.start, feature)
/** Index of z of a feature. */
export const totalAt =
  ({ state }: Step) =>
  (feature: Value): Value =>
    state.layout.z(state.start, feature)

/** Runs `then` in the threads that finish components, four each. */
export function inFinishing(k: Author, { pass }: Step, { fours }: ComponentTile, then: () => void): void {
  k.guard(fours === pass.tile.threads ? ir.bool(true) : ir.lt(ir.thread, fours), then)
}

/** Stores a number of each of the thread's components. */
export function storeComponents(k: Author, array: SharedArray, numbers: Value): void {
  const named = k.let(`${array.name}4`, numbers)
  for (const lane of fourLanes)
    k.sharedStore(array, ir.add(ir.mul(ir.thread, lanes), lane), ir.lane(named, lane))
}

type Side = 'query' | 'key'

/** The row of the token's key, or of its query for the head `queryHead`. */
const rowOf = (side: Side): Value => (side === 'query' ? owner.queryHead : owner.keyGroup)

const bufferOf = ({ frame }: Step, side: Side): Binding => frame.binding(side === 'query' ? 'q' : 'k')

/** The sums over entries that φ of both rows takes from projections; none where nothing is projected. */
export function products(k: Author, step: Step, tile: ComponentTile): ReadonlyMap<Side, Reduced> {
  const { schedule, pass, frame, arrays } = step
  const rows = (['key', 'query'] as const).filter((side) => tile[side].projected)
  if (rows.length === 0) return new Map()
  return tokenProducts(
    k,
    {
      threads: pass.tile.threads,
      width: tile.width,
      dim: schedule.dim,
      projection: frame.binding('w'),
      componentAt: (four, lane) => componentInside(tile, four, lane),
    },
    arrays.products,
    rows.map((side) => ({
      side,
      buffer: bufferOf(step, side),
      row: rowOf(side),
      expressions: expressionsOf(tile[side]),
    })),
  )
}

/** φ of the token's query or key: the components of the thread. */
export function evaluate(
  k: Author,
  step: Step,
  tile: ComponentTile,
  side: Side,
  reduced: Reduced | undefined,
): EvaluatedFeatures {
  const { schedule, frame } = step
  const block = tile[side]
  const prepared = prepareRows(
    {
      extent: 'items',
      each: 1,
      buffer: bufferOf(step, side),
      dim: schedule.dim,
      places: rowsTogether(rowOf(side), schedule.dim),
      at: () => ir.u32(0),
      position: () => firstPositionOf(frame.counts),
      // No feature of a form that decodes asks for the length, which is not known yet.
      count: ir.u32(1),
      prefix: side === 'query' ? 'q' : 'k',
    },
    [block],
  )
  const features = prepared.evaluate({
    block,
    each: lanes,
    at: (lane) => componentAt(tile, lane),
    steps: tile.width,
    projection: block.projected ? frame.binding('w') : undefined,
    ...(reduced && { reduced }),
  })
  k.use(prepared.statements, features.statements)
  return features
}

/** coefficient · 2^(exponent − scale) of the thread's components. */
export function mantissa(features: EvaluatedFeatures, scale: Value, exponent: Value): Value {
  const power = relativeTo(scale, exponent)
  return features.coefficient === undefined ? power : ir.mul(widen(features.coefficient(0)), power)
}

/** The sum of the four lanes. */
export const sumOf = (four: Value): Value => acrossFour(four, ir.add)
/** The largest of the four lanes. */
export const largestOf = (four: Value): Value => acrossFour(four, (a, b) => ir.call('max', a, b))

function acrossFour(four: Value, join: (a: Value, b: Value) => Value): Value {
  const at = (lane: Lane): Value => ir.lane(four, lane)
  return join(join(at(0), at(1)), join(at(2), at(3)))
}

/** The column of a register, as it may be past the last. */
export const columnAt = ({ across }: Step, register: number): Value =>
  ir.add(ir.mod(ir.thread, across), register * across)
/** Whether it exists. */
export const columnExists = (step: Step, register: number): Value =>
  hasAllColumns(step) ? ir.bool(true) : ir.lt(columnAt(step, register), step.schedule.valueDim)
/** The column, or the last one. */
export const columnInside = (step: Step, register: number): Value =>
  hasAllColumns(step)
    ? columnAt(step, register)
    : ir.call('min', columnAt(step, register), step.schedule.valueDim - 1)

const hasAllColumns = ({
  across,
  columns,
  schedule,
}: Pick<Step, 'across' | 'columns' | 'schedule'>): boolean => across * columns.length === schedule.valueDim

/** The registers of a thread for columns. */
export const registersOf = ({ tile }: StepPass): readonly number[] => range(tile.columns / (tile.across ?? 1))
