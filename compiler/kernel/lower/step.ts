/**
 * Step: one workgroup takes one more token of a group into the carried state, and reads the group's query heads out of
 * it, some components of φ at a time. Neighbouring threads own neighbouring numbers of S, which the first query head
 * reads, updates and writes in one go. Scale and z of a component are touched by the thread that finishes it alone, so
 * that nothing in storage passes from thread to thread.
 */
import type { Schedule, StepPass } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author, Name } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Kernel, Value } from '../kernel.ts'
import { exponentOf } from './exponents.ts'
import { divide, frame, groupNames, headsOf, owner } from './frame.ts'
import { widen } from './operators.ts'
import type { Reduced } from './pairs.ts'
import { rowFactor } from './readout.ts'
import { raised, raiseScale, relativeTo } from './running-scale.ts'
import { stateLayout } from './state-layout.ts'
import {
  columnAt,
  columnExists,
  columnInside,
  componentAt,
  evaluate,
  everyTile,
  exists,
  inFinishing,
  largestOf,
  loadCarried,
  mantissa,
  present,
  products,
  registersOf,
  scaleAt,
  stepArrays,
  storeComponents,
  sumOf,
  totalAt,
} from './step-tile.ts'
import type { ComponentTile, HeadSums, Step } from './step-tile.ts'
import { readAndUpdate } from './step-rows.ts'
import { fourLanes, lanes, range } from './tile.ts'

/** The kernel of one decoding step. */
export function lowerStep(schedule: Schedule, pass: StepPass): Kernel {
  const frameOfPass = frame(schedule, pass)
  const { binding, counts, action, kernel } = frameOfPass
  const { groups, valueDim } = schedule
  const { tile } = pass
  const arrays = stepArrays(tile)
  const layout = stateLayout(schedule, pass.scaling)
  const scaled = pass.scaling === 'scaled'

  const body = record((k) => {
    k.use(divide([], 'slice'), groupNames(counts, groups, false))
    action.declare(k)
    const start = k.let('stateStart', layout.carriedStart)
    const operands: Step = {
      schedule,
      pass,
      frame: frameOfPass,
      arrays,
      state: { carried: binding('carried'), layout, start },
      scaled,
      across: tile.across ?? tile.threads,
      columns: registersOf(pass),
      values: [],
    }
    const value = (register: number): Value =>
      ir.load(binding('v'), ir.add(ir.mul(owner.keyGroup, valueDim), columnInside(operands, register)))
    const step = {
      ...operands,
      values: operands.columns.map((register) => k.let(`value${register}`, value(register))),
    }
    if (groups === 'heads') {
      k.let('queryHead', owner.group)
      takeHead(k, step, ir.bool(true))
      return
    }
    k.loop('headInGroup', 0, headsOf(groups), (headInGroup) => {
      k.let('queryHead', ir.add(ir.mul(owner.group, headsOf(groups)), headInGroup))
      takeHead(k, step, k.let('isFirst', ir.eq(headInGroup, 0)))
    })
  })
  const { kept, added, weights, largest, totals, sums, products } = arrays
  const projects = [...pass.query.blocks, ...pass.key.blocks].some(({ projected }) => projected)
  const shared = [
    ...(projects ? [products.components, products.row] : []),
    kept,
    added,
    weights,
    ...(scaled ? [largest] : []),
    totals,
    sums,
  ]
  return kernel('One more token: its key and value into the state, its query out of it.', shared, body)
}

/** Takes the query of a head through the state, and stores its row. */
function takeHead(k: Author, step: Step, isFirst: Value): void {
  const head: HeadSums = {
    sums: k.registers('sums', 'f32', step.columns.length),
    total: k.var('total', ir.f32(0)),
    scale: step.scaled ? k.var('rowScale', ir.f32(lowest)) : undefined,
    isFirst,
  }
  everyTile(k, step.pass, (tile) => {
    finishComponents(k, step, head, tile)
    readAndUpdate(k, step, head, tile)
    k.barrier()
  })
  storeRow(k, step, head)
}

/** What finishing threads keep of their components from one barrier to the next. */
interface Components {
  readonly z: Name
  readonly scales: Scales | undefined
}

/** Of components whose sums are scaled. */
interface Scales {
  readonly carried: Name
  /** Those of φ(q), over the carried scale. */
  readonly exponent: Name
  readonly coefficient: Name | undefined
}

/** Leaves in workgroup memory what the token does to the rows of S, and by what its query weighs them. */
function finishComponents(k: Author, step: Step, head: HeadSums, tile: ComponentTile): void {
  const { arrays } = step
  const reduced = products(k, step, tile)
  const own = declareComponents(k, step, tile)
  const { z, scales } = own
  inFinishing(k, step, tile, () => {
    k.set(z, loadCarried(step, tile, totalAt(step)))
    if (scales) k.set(scales.carried, loadCarried(step, tile, scaleAt(step)))
    k.guard(head.isFirst, () => updateComponents(k, step, tile, own, reduced.get('key')))
    const features = evaluate(k, step, tile, 'query', reduced.get('query'))
    if (scales === undefined) {
      weigh(k, step, head, tile, z, widen(features.value(0)))
      return
    }
    const exponent = present(tile, ir.add(exponentOf(features, 0), scales.carried), lowest)
    k.set(scales.exponent, exponent)
    if (scales.coefficient && features.coefficient) k.set(scales.coefficient, widen(features.coefficient(0)))
    k.sharedStore(arrays.largest, ir.thread, largestOf(scales.exponent))
  })
  k.barrier()
  const { scale } = head
  if (scale === undefined || scales === undefined) return
  raiseScale(k, { scale, sums: [head.total, ...head.sums] }, (raise) =>
    eachNumber(k, 'exponents', tile.fours, (at) => raise(ir.sharedLoad(arrays.largest, at))),
  )
  inFinishing(k, step, tile, () => {
    const power = relativeTo(ir.splat(scale), scales.exponent)
    const weight = scales.coefficient === undefined ? power : ir.mul(scales.coefficient, power)
    weigh(k, step, head, tile, z, weight)
  })
  k.barrier()
}

function declareComponents(k: Author, { scaled }: Step, { query: { term } }: ComponentTile): Components {
  const z = k.var('z', ir.splat(0))
  if (!scaled) return { z, scales: undefined }
  const hasCoefficient = term.kind === 'scaled' && term.coefficient !== undefined
  return {
    z,
    scales: {
      carried: k.var('scale', ir.splat(lowest)),
      exponent: k.var('exponent', ir.splat(lowest)),
      coefficient: hasCoefficient ? k.var('coefficient', ir.splat(0)) : undefined,
    },
  }
}

/** Numbers that a thread loads from workgroup memory before it needs any. */
const together = 8

/** Runs `take` for so many places, some of them at a time. */
function eachNumber(k: Author, index: string, count: number, take: (at: Value) => void): void {
  const whole = count - (count % together)
  if (whole > 0)
    k.strided(index, 0, whole, together, (first) =>
      range(together).forEach((more) => take(ir.add(first, more))),
    )
  for (const rest of range(count - whole)) take(ir.u32(whole + rest))
}

/** Takes in the key: scale and z of the thread's components, and what this does to their rows of S. */
function updateComponents(
  k: Author,
  step: Step,
  tile: ComponentTile,
  { z, scales }: Components,
  reduced: Reduced | undefined,
): void {
  const { arrays, state, frame } = step
  const { row } = frame.action
  const features = evaluate(k, step, tile, 'key', reduced)
  let keep: Value
  let add: Value
  if (scales === undefined) {
    keep = ir.splat(row.value)
    add = widen(features.value(0))
  } else {
    const { carried } = scales
    const exponent = k.let('keyExponent', exponentOf(features, 0))
    const before = k.let('oldScale', row.lower(carried))
    k.set(carried, raised(before, exponent))
    keep = k.let('keep', relativeTo(carried, before))
    add = k.let('add', mantissa(features, carried, exponent))
  }
  k.set(z, ir.add(ir.mul(z, keep), add))
  for (const lane of fourLanes) {
    const feature = ir.add(componentAt(tile, lane), tile.key.start)
    k.guard(exists(tile, lane), () => {
      k.store(state.carried, totalAt(step)(feature), ir.lane(z, lane))
      if (scales) k.store(state.carried, scaleAt(step)(feature), ir.lane(scales.carried, lane))
    })
  }
  storeComponents(k, arrays.kept, keep)
  storeComponents(k, arrays.added, add)
}

/** Stores the weights of the thread's components, and adds what they bring to the denominator. */
function weigh(
  k: Author,
  { arrays }: Step,
  { total }: HeadSums,
  tile: ComponentTile,
  z: Value,
  weight: Value,
): void {
  const known = k.let('weight', present(tile, weight, 0))
  storeComponents(k, arrays.weights, known)
  k.add(total, sumOf(k.let('weighed', ir.mul(known, z))))
}

/** Puts the threads' sums together, and stores the quotients. */
function storeRow(k: Author, step: Step, { sums, total, scale }: HeadSums): void {
  const { arrays, schedule, pass, frame, across } = step
  const fours = pass.tile.steps / lanes
  const beside = pass.tile.threads / across
  k.guard(fours === pass.tile.threads ? ir.bool(true) : ir.lt(ir.thread, fours), () =>
    k.sharedStore(arrays.totals, ir.thread, total),
  )
  sums.forEach((sum, register) => {
    if (register > 0) k.barrier()
    k.sharedStore(arrays.sums, ir.thread, sum)
    k.barrier()
    k.if(ir.lt(ir.thread, across), () => {
      if (register === 0) {
        k.set(total, ir.f32(0))
        eachNumber(k, 'four', fours, (at) => k.add(total, ir.sharedLoad(arrays.totals, at)))
      }
      for (const other of range(beside).slice(1))
        k.add(sum, ir.sharedLoad(arrays.sums, ir.add(ir.thread, other * across)))
      const factor = rowFactor(pass, total, scale)
      k.guard(columnExists(step, register), () => {
        const to = ir.add(ir.mul(owner.queryHead, schedule.valueDim), columnAt(step, register))
        k.store(frame.binding('out'), to, factor === undefined ? sum : ir.mul(sum, factor))
      })
    })
  })
}
