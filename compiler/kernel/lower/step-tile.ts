/**
 * A tile of the carried state as the workgroup of a decoding step takes it: four components of φ a thread, whose
 * numbers lie in shared arrays for the threads that own columns of S.
 */
import type { ScheduledBlock, Schedule, StepPass } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { Binding, SharedArray, Value } from '../kernel.ts'
import { prepareRows } from './features.ts'
import type { EvaluatedFeatures } from './features.ts'
import { firstPositionOf, owner } from './frame.ts'
import type { Frame } from './frame.ts'
import { widen } from './operators.ts'
import { relativeTo } from './running-scale.ts'
import type { StateLayout } from './state-layout.ts'
import { extent, fourLanes, inLanes, lanes, range } from './tile.ts'

/** Numbers of a tile's components, four a thread. */
export interface StepArrays {
  /** The factor by which the update keeps each component, and the number that it adds. */
  readonly kept: SharedArray
  readonly added: SharedArray
  /** φ(q) over the scale of the row, and the same times z. */
  readonly weights: SharedArray
  readonly totals: SharedArray
  /** log₂, where sums are scaled. */
  readonly exponents: SharedArray
}

/** The arrays of a workgroup of `threads` threads. */
export function stepArrays(threads: number): StepArrays {
  const array = (name: string): SharedArray => ({ name, element: 'vec4f', length: threads })
  return {
    kept: array('kept'),
    added: array('added'),
    weights: array('weights'),
    totals: array('totals'),
    exponents: array('exponents'),
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
}

/** As many components of a block as the threads take at a time. */
export interface ComponentTile {
  readonly block: ScheduledBlock
  /** The tile's first component, within the block. */
  readonly first: Value
  /** How many components a whole tile has. */
  readonly width: number
  /** Whether all tiles of the block are whole. */
  readonly exact: boolean
}

/** Runs `then` for every tile of the blocks. */
export function everyTile(
  k: Author,
  { tile }: StepPass,
  blocks: readonly ScheduledBlock[],
  then: (tile: ComponentTile) => void,
): void {
  const width = tile.threads * lanes
  for (const block of blocks)
    k.strided('components', 0, Math.ceil(block.size / width) * width, width, (first) =>
      then({ block, first, width, exact: block.size % width === 0 }),
    )
}

/** The thread's component of a lane, within the block. */
export const componentAt = ({ first }: ComponentTile, lane: number): Value =>
  ir.add(first, ir.mul(ir.thread, lanes), lane)

/** The lanes of a value whose components exist, and `absent` in the others. */
export const present = (tile: ComponentTile, value: Value, absent: number): Value =>
  tile.exact
    ? value
    : inLanes((lane) =>
        ir.select(ir.lt(componentAt(tile, lane), tile.block.size), ir.lane(value, lane), absent),
      )

/** The carried numbers of the thread's components, at the places that `at` gives of their features. */
export const loadCarried = ({ state }: Step, tile: ComponentTile, at: (feature: Value) => Value): Value =>
  inLanes((lane) => {
    const component = componentAt(tile, lane)
    const inside = tile.exact ? component : ir.call('min', component, tile.block.size - 1)
    return ir.load(state.carried, at(ir.add(inside, tile.block.start)))
  })

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

/** φ of the token's query or key: the components of the thread. */
export function evaluate(
  k: Author,
  step: Step,
  tile: ComponentTile,
  side: 'query' | 'key',
): EvaluatedFeatures {
  const { schedule, frame } = step
  const { binding, counts } = frame
  const { block, width } = tile
  const prepared = prepareRows(
    {
      extent: 'items',
      each: 1,
      buffer: binding(side === 'query' ? 'q' : 'k'),
      dim: schedule.dim,
      first: side === 'query' ? owner.queryHead : owner.keyGroup,
      at: () => ir.u32(0),
      position: firstPositionOf(counts),
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
    steps: width,
    projection: block.projected ? binding('w') : undefined,
  })
  k.use(prepared.statements, features.statements)
  return features
}

/** coefficient · 2^(exponent − scale) of the thread's components. */
export function mantissa(features: EvaluatedFeatures, scale: Value, exponent: Value): Value {
  const power = relativeTo(scale, exponent)
  return features.coefficient === undefined ? power : ir.mul(widen(features.coefficient(0)), power)
}

/**
 * Runs `then` for each component of the tile that exists, with its numbers in shared arrays and where the columns of
 * its row of S lie.
 */
export function eachComponent<Name extends string>(
  k: Author,
  { state }: Step,
  tile: ComponentTile,
  shared: Readonly<Record<Name, SharedArray>>,
  then: (numbers: Readonly<Record<Name, Value>>, at: (column: Value) => Value) => void,
): void {
  const { block, first, width } = tile
  const groups = ir.div(ir.add(extent(first, ir.u32(block.size), width), lanes - 1), lanes)
  k.loop('four', 0, groups, (group) => {
    const names = Object.entries<SharedArray>(shared).map(
      ([name, array]) => [name, k.let(name, ir.sharedLoad(array, group))] as const,
    )
    for (const lane of fourLanes) {
      const feature = k.let(`feature${lane}`, ir.add(first, ir.mul(group, lanes), lane))
      const numbers = Object.fromEntries(names.map(([name, four]) => [name, ir.lane(four, lane)]))
      const at = (column: Value): Value => state.layout.s(state.start, ir.add(feature, block.start), column)
      k.guard(block.size % lanes === 0 ? ir.bool(true) : ir.lt(feature, block.size), () =>
        then(numbers as Record<Name, Value>, at),
      )
    }
  })
}

/** The thread's value columns: every so many-th, a register each. */
export const columnsOf = ({ schedule, pass }: Step): number[] =>
  range(Math.ceil(schedule.valueDim / pass.tile.threads))
/** The column of a register. */
export const columnAt = ({ pass }: Step, register: number): Value =>
  ir.add(ir.thread, register * pass.tile.threads)
/** Whether it exists. */
export const columnExists = (step: Step, register: number): Value =>
  step.schedule.valueDim % step.pass.tile.threads === 0
    ? ir.bool(true)
    : ir.lt(columnAt(step, register), step.schedule.valueDim)
