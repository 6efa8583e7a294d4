/**
 * Step: one workgroup takes one more token of a group into the carried state,
 * and reads the group's query heads out of it. Four components of φ a thread,
 * 256 at a time; a thread owns every 64th value column.
 *
 * A component's scale and its z are touched by the thread that owns the
 * component, and a column of S by the thread that owns the column, so that
 * nothing in storage passes from thread to thread.
 */
import type { ScheduledBlock, Schedule, StepPass } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Binding, Kernel, SharedArray, Target, Value } from '../kernel.ts'
import { exponentOf } from './exponents.ts'
import { prepareRows } from './features.ts'
import type { EvaluatedFeatures } from './features.ts'
import {
  divide,
  firstPositionOf,
  frame,
  groupNames,
  headsOf,
  logDecay,
  logDecayName,
  u32Name,
} from './frame.ts'
import type { Frame } from './frame.ts'
import { widen } from './operators.ts'
import { rowFactor } from './readout.ts'
import { raised, raiseScale, relativeTo } from './running-scale.ts'
import { stateLayout } from './state-layout.ts'
import type { StateLayout } from './state-layout.ts'
import { addProducts } from './tile-product.ts'
import { extent, fourLanes, inLanes, lanes, range } from './tile.ts'

/**
 * The kernel of one decoding step: the new key and value enter the carried state, then the group's queries
 * are read out of it.
 */
export function lowerStep(schedule: Schedule, pass: StepPass): Kernel {
  const frameOfPass = frame(schedule, pass)
  const { binding, counts, kernel } = frameOfPass
  const { groups } = schedule
  const scaled = pass.scaling === 'scaled'
  const arrays = stepArrays(pass.tile.threads)
  const layout = stateLayout(schedule, pass.scaling)

  const body = record((k) => {
    k.use(divide([], 'slice'), groupNames(counts, groups, false))
    const decays = pass.buffers.includes('decay')
    if (decays) k.use(logDecayName(binding('decay')))
    const start = k.let('stateStart', layout.carriedStart)
    const state = { carried: binding('carried'), layout, start }
    const step: Step = { schedule, pass, frame: frameOfPass, arrays, state, scaled, decays }
    everyTile(k, pass, pass.key.blocks, (tile) => updateTile(k, step, tile))
    k.loop('headInGroup', 0, headsOf(groups), (headInGroup) => {
      const queryHead = k.let('queryHead', ir.add(ir.mul(u32Name('group'), headsOf(groups)), headInGroup))
      readState(k, step, queryHead)
    })
  })
  const { kept, added, weights, totals, exponents } = arrays
  const shared = [kept, added, weights, totals, ...(scaled ? [exponents] : [])]
  return kernel('One more token: its key and value into the state, its query out of it.', shared, body)
}

/** Numbers of a tile's components, four a thread. */
interface StepArrays {
  /** By how much the update keeps each component, and what it adds. */
  readonly kept: SharedArray
  readonly added: SharedArray
  /** φ(q) over the scale of the row, and the same times z. */
  readonly weights: SharedArray
  readonly totals: SharedArray
  /** log₂, where sums are scaled. */
  readonly exponents: SharedArray
}

function stepArrays(threads: number): StepArrays {
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
interface Step {
  readonly schedule: Schedule
  readonly pass: StepPass
  readonly frame: Frame
  readonly arrays: StepArrays
  readonly state: { readonly carried: Binding; readonly layout: StateLayout; readonly start: Value }
  readonly scaled: boolean
  readonly decays: boolean
}

/** As many components of a block as the threads take at a time. */
interface ComponentTile {
  readonly block: ScheduledBlock
  /** The tile's first component, within the block. */
  readonly first: Value
  /** How many components a whole tile has. */
  readonly width: number
  /** Whether all tiles of the block are whole. */
  readonly exact: boolean
}

function everyTile(
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
const componentAt = ({ first }: ComponentTile, lane: number): Value =>
  ir.add(first, ir.mul(ir.thread, lanes), lane)

/** The lanes of a value whose components exist, and `absent` in the others. */
const present = (tile: ComponentTile, value: Value, absent: number): Value =>
  tile.exact
    ? value
    : inLanes((lane) =>
        ir.select(ir.lt(componentAt(tile, lane), tile.block.size), ir.lane(value, lane), absent),
      )

/** The carried numbers of the thread's components, at the places that `at` gives of their features. */
const loadCarried = ({ state }: Step, tile: ComponentTile, at: (feature: Value) => Value): Value =>
  inLanes((lane) => {
    const component = componentAt(tile, lane)
    const inside = tile.exact ? component : ir.call('min', component, tile.block.size - 1)
    return ir.load(state.carried, at(ir.add(inside, tile.block.start)))
  })

const scaleAt =
  ({ state }: Step) =>
  (feature: Value): Value =>
    state.layout.scale(state.start, feature)
const totalAt =
  ({ state }: Step) =>
  (feature: Value): Value =>
    state.layout.z(state.start, feature)

/** φ of the token's query or key: the components of the thread. */
function evaluate(k: Author, step: Step, tile: ComponentTile, side: 'query' | 'key'): EvaluatedFeatures {
  const { schedule, frame } = step
  const { binding, counts } = frame
  const { block, width } = tile
  const prepared = prepareRows(
    {
      extent: 'items',
      each: 1,
      buffer: binding(side === 'query' ? 'q' : 'k'),
      dim: schedule.dim,
      first: u32Name(side === 'query' ? 'queryHead' : 'keyGroup'),
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
function mantissa(features: EvaluatedFeatures, scale: Value, exponent: Value): Value {
  const power = relativeTo(scale, exponent)
  return features.coefficient === undefined ? power : ir.mul(widen(features.coefficient(0)), power)
}

/** Takes the token's key and value into a tile of the state. */
function updateTile(k: Author, step: Step, tile: ComponentTile): void {
  const { schedule, frame, arrays, state } = step
  updateComponents(k, step, tile)
  k.barrier()
  const shared = { kept4: arrays.kept, added4: arrays.added }
  eachComponent(k, step, tile, shared, ({ kept4, added4 }, at) => {
    for (const register of columnsOf(step)) {
      const column = columnAt(step, register)
      k.guard(columnExists(step, register), () => {
        const value = ir.load(
          frame.binding('v'),
          ir.add(ir.mul(u32Name('keyGroup'), schedule.valueDim), column),
        )
        const before = ir.mul(ir.load(state.carried, at(column)), kept4)
        k.store(state.carried, at(column), ir.add(before, ir.mul(added4, value)))
      })
    }
  })
  k.barrier()
}

/** Updates scale and z of the thread's components, and leaves for all threads what this does to S. */
function updateComponents(k: Author, step: Step, tile: ComponentTile): void {
  const { arrays, state, scaled, decays } = step
  const features = evaluate(k, step, tile, 'key')
  let newScale: Value | undefined
  let keep: Value
  let add: Value
  if (scaled) {
    const carried = loadCarried(step, tile, scaleAt(step))
    const exponent = exponentOf(features, 0)
    const before = k.let('oldScale', decays ? ir.add(carried, ir.splat(logDecay)) : carried)
    newScale = k.let('newScale', raised(before, exponent))
    keep = k.let('keep', relativeTo(newScale, before))
    add = k.let('add', mantissa(features, newScale, exponent))
  } else {
    keep = k.let('keep', ir.splat(decays ? ir.call('exp2', logDecay) : 1))
    add = k.let('add', widen(features.value(0)))
  }
  const z = k.let('z', ir.add(ir.mul(loadCarried(step, tile, totalAt(step)), keep), add))
  for (const lane of fourLanes) {
    const component = componentAt(tile, lane)
    const feature = ir.add(component, tile.block.start)
    k.guard(tile.exact ? ir.bool(true) : ir.lt(component, tile.block.size), () => {
      k.store(state.carried, totalAt(step)(feature), ir.lane(z, lane))
      if (newScale !== undefined) k.store(state.carried, scaleAt(step)(feature), ir.lane(newScale, lane))
    })
  }
  k.sharedStore(arrays.kept, ir.thread, keep)
  k.sharedStore(arrays.added, ir.thread, add)
}

/** What a thread sums for a query head. */
interface HeadSums {
  readonly sums: readonly Target[]
  readonly total: Target
  /** The running scale, where sums are scaled. */
  readonly scale: Target | undefined
}

/** Reads the query of a head out of the state, and stores its row. */
function readState(k: Author, step: Step, queryHead: Value): void {
  const { schedule, pass, frame, scaled } = step
  const head: HeadSums = {
    sums: k.registers('sums', 'f32', columnsOf(step).length),
    total: k.var('total', ir.f32(0)),
    scale: scaled ? k.var('rowScale', ir.f32(lowest)) : undefined,
  }
  everyTile(k, pass, pass.query.blocks, (tile) => readTile(k, step, head, tile))
  const quotient = rowFactor(pass, head.total, head.scale)
  const factor = quotient && k.let('factor', quotient)
  head.sums.forEach((sum, register) =>
    k.guard(columnExists(step, register), () => {
      const to = ir.add(ir.mul(queryHead, schedule.valueDim), columnAt(step, register))
      k.store(frame.binding('out'), to, factor === undefined ? sum : ir.mul(sum, factor))
    }),
  )
}

/** Adds what a tile of the state has for the query. */
function readTile(k: Author, step: Step, head: HeadSums, tile: ComponentTile): void {
  const { arrays, state } = step
  const { sums, total } = head
  const weight = k.let('weight', present(tile, weighComponents(k, step, head, tile), 0))
  k.sharedStore(arrays.weights, ir.thread, weight)
  k.sharedStore(arrays.totals, ir.thread, ir.mul(weight, loadCarried(step, tile, totalAt(step))))
  k.barrier()
  const shared = { weight4: arrays.weights, total4: arrays.totals }
  eachComponent(k, step, tile, shared, ({ weight4, total4 }, at) => {
    k.add(total, total4)
    addProducts(k, [{ sums }], {
      weights: [weight4],
      entries: sums.map((_, register) => ir.load(state.carried, at(columnAt(step, register)))),
      exists: (register) => columnExists(step, register),
    })
  })
  k.barrier()
}

/** φ of the query in the thread's components, over the head's running scale, which they raise first. */
function weighComponents(
  k: Author,
  step: Step,
  { sums, total, scale }: HeadSums,
  tile: ComponentTile,
): Value {
  const { arrays, pass } = step
  const features = evaluate(k, step, tile, 'query')
  if (scale === undefined) return widen(features.value(0))
  const carried = loadCarried(step, tile, scaleAt(step))
  const exponent = k.let('exponent', present(tile, ir.add(exponentOf(features, 0), carried), lowest))
  k.sharedStore(arrays.exponents, ir.thread, exponent)
  k.barrier()
  raiseScale(k, { scale, sums: [total, ...sums] }, (raise) =>
    k.loop('other', 0, pass.tile.threads, (other) => {
      const four = k.let('exponents4', ir.sharedLoad(arrays.exponents, other))
      for (const lane of fourLanes) raise(ir.lane(four, lane))
    }),
  )
  return mantissa(features, ir.splat(scale), exponent)
}

/**
 * Runs `then` for each component of the tile that exists, with its numbers in shared arrays and where the columns of
 * its row of S lie.
 */
function eachComponent<Name extends string>(
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
const columnsOf = ({ schedule, pass }: Step): number[] =>
  range(Math.ceil(schedule.valueDim / pass.tile.threads))
const columnAt = ({ pass }: Step, register: number): Value => ir.add(ir.thread, register * pass.tile.threads)
const columnExists = (step: Step, register: number): Value =>
  step.schedule.valueDim % step.pass.tile.threads === 0
    ? ir.bool(true)
    : ir.lt(columnAt(step, register), step.schedule.valueDim)
