/**
 * Step: one workgroup takes one more token of a group into the carried state,
 * and reads the group's query heads out of it. Four components of φ a thread,
 * 256 at a time; a thread owns every 64th value column.
 *
 * A component's scale and its z are touched by the thread that owns the
 * component, and a column of S by the thread that owns the column, so that
 * nothing in storage passes from thread to thread.
 */
import type { Schedule, StepPass } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Kernel, Target, Value } from '../kernel.ts'
import { exponentOf } from './exponents.ts'
import { divide, frame, groupNames, headsOf, owner } from './frame.ts'
import { widen } from './operators.ts'
import { rowFactor } from './readout.ts'
import { raised, raiseScale, relativeTo } from './running-scale.ts'
import { stateLayout } from './state-layout.ts'
import {
  columnAt,
  columnExists,
  columnsOf,
  componentAt,
  eachComponent,
  evaluate,
  everyTile,
  loadCarried,
  mantissa,
  present,
  scaleAt,
  stepArrays,
  totalAt,
} from './step-tile.ts'
import type { ComponentTile, Step } from './step-tile.ts'
import { addProducts } from './tile-product.ts'
import { fourLanes } from './tile.ts'

/**
 * The kernel of one decoding step: the new key and value enter the carried state, then the group's queries
 * are read out of it.
 */
export function lowerStep(schedule: Schedule, pass: StepPass): Kernel {
  const frameOfPass = frame(schedule, pass)
  const { binding, counts, action, kernel } = frameOfPass
  const { groups } = schedule
  const scaled = pass.scaling === 'scaled'
  const arrays = stepArrays(pass.tile.threads)
  const layout = stateLayout(schedule, pass.scaling)

  const body = record((k) => {
    k.use(divide([], 'slice'), groupNames(counts, groups, false))
    action.declare(k)
    const start = k.let('stateStart', layout.carriedStart)
    const state = { carried: binding('carried'), layout, start }
    const step: Step = {
      schedule,
      pass,
      frame: frameOfPass,
      arrays,
      state,
      scaled,
    }
    everyTile(k, pass, pass.key.blocks, (tile) => updateTile(k, step, tile))
    k.loop('headInGroup', 0, headsOf(groups), (headInGroup) => {
      const queryHead = k.let('queryHead', ir.add(ir.mul(owner.group, headsOf(groups)), headInGroup))
      readState(k, step, queryHead)
    })
  })
  const { kept, added, weights, totals, exponents } = arrays
  const shared = [kept, added, weights, totals, ...(scaled ? [exponents] : [])]
  return kernel('One more token: its key and value into the state, its query out of it.', shared, body)
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
        const value = ir.load(frame.binding('v'), ir.add(ir.mul(owner.keyGroup, schedule.valueDim), column))
        const before = ir.mul(ir.load(state.carried, at(column)), kept4)
        k.store(state.carried, at(column), ir.add(before, ir.mul(added4, value)))
      })
    }
  })
  k.barrier()
}

/** Updates scale and z of the thread's components, and leaves for all threads what this does to S. */
function updateComponents(k: Author, step: Step, tile: ComponentTile): void {
  const { arrays, state, scaled, frame } = step
  const { row } = frame.action
  const features = evaluate(k, step, tile, 'key')
  let newScale: Value | undefined
  let keep: Value
  let add: Value
  if (scaled) {
    const carried = loadCarried(step, tile, scaleAt(step))
    const exponent = exponentOf(features, 0)
    const before = k.let('oldScale', row.lower(carried))
    newScale = k.let('newScale', raised(before, exponent))
    keep = k.let('keep', relativeTo(newScale, before))
    add = k.let('add', mantissa(features, newScale, exponent))
  } else {
    keep = k.let('keep', ir.splat(row.value))
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

/** A thread's sums for a query head. */
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

/** Adds the query's products with a tile of the state. */
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
