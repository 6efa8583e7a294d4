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
import type { Body } from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Kernel, SharedArray, Value } from '../kernel.ts'
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
import { widen } from './operators.ts'
import { rowFactor } from './readout.ts'
import { stateLayout } from './state-layout.ts'
import { extent, lanes, range } from './tile.ts'

const four = [0, 1, 2, 3] as const

/**
 * The kernel of one decoding step: the new key and value enter the carried state, then the group's queries
 * are read out of it.
 */
export function lowerStep(schedule: Schedule, pass: StepPass): Kernel {
  const { binding, counts, kernel } = frame(schedule, pass)
  const { threads } = pass.tile
  const { valueDim } = schedule
  const scaled = pass.scaling === 'scaled'
  const decays = pass.buffers.includes('decay')
  const carried = binding('carried')
  const layout = stateLayout(schedule, pass.scaling)
  const start = ir.let_('stateStart', layout.carriedStart)
  const width = threads * lanes

  const shared = (name: string): SharedArray => ({ name, element: 'vec4f', length: threads })
  const kept = shared('kept')
  const added = shared('added')
  const weights = shared('weights')
  const totals = shared('totals')
  const exponents = shared('exponents')

  const sums = ir.registers('sums', 'f32', Math.ceil(valueDim / threads))
  const total = ir.var_('total', ir.f32(0))
  const rowScale = ir.var_('rowScale', ir.f32(lowest))

  const components = u32Name('components')
  const component = (lane: number): Value => ir.add(components, ir.mul(ir.thread, lanes), lane)

  const evaluate = (
    side: 'query' | 'key',
    block: ScheduledBlock,
  ): { names: Body; features: EvaluatedFeatures } => {
    const prepared = prepareRows(
      {
        extent: 'items',
        each: 1,
        buffer: binding(side === 'query' ? 'q' : 'k'),
        dim: schedule.dim,
        first: side === 'query' ? u32Name('queryHead') : u32Name('keyGroup'),
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
      at: component,
      steps: width,
      projection: block.projected ? binding('w') : undefined,
    })
    return { names: [prepared.statements, features.statements], features }
  }

  /** Runs `then` for each lane that holds a component; the last tile may be partial. */
  const eachLane = (block: ScheduledBlock, then: (lane: 0 | 1 | 2 | 3, feature: Value) => Body): Body =>
    four.map((lane) => {
      const body = then(lane, ir.add(component(lane), block.start))
      return block.size % width === 0 ? body : ir.if_(ir.lt(component(lane), block.size), body)
    })
  /** The lanes' numbers at a place of the state. */
  const loadLanes = (block: ScheduledBlock, at: (feature: Value) => Value): Value =>
    ir.vec4(
      ...(four.map((lane) => {
        const last = block.size - 1
        const inside = block.size % width === 0 ? component(lane) : ir.call('min', component(lane), last)
        return ir.load(carried, at(ir.add(inside, block.start)))
      }) as [Value, Value, Value, Value]),
    )
  const scaleAt = (feature: Value): Value => layout.scale(ir.ref(start), feature)
  const totalAt = (feature: Value): Value => layout.z(ir.ref(start), feature)

  /** Every component of the tile with its index and the thread's columns. */
  const overTile = (
    block: ScheduledBlock,
    names: (group: Value) => Body,
    then: (lane: 0 | 1 | 2 | 3, at: (register: number) => Value) => Body,
  ): Body => {
    const count = ir.div(ir.add(extent(components, ir.u32(block.size), width), lanes - 1), lanes)
    return ir.for_('four', 0, count, 1, (group) => [
      names(group),
      four.map((lane) => {
        const feature = ir.let_(`feature${lane}`, ir.add(components, ir.mul(group, lanes), lane))
        const at = (register: number): Value =>
          layout.s(ir.ref(start), ir.add(ir.ref(feature), block.start), columnOf(register))
        return block.size % lanes === 0
          ? [feature, then(lane, at)]
          : [feature, ir.if_(ir.lt(ir.ref(feature), block.size), then(lane, at))]
      }),
    ])
  }
  const columnOf = (register: number): Value => ir.add(ir.thread, register * threads)
  const eachColumn = (then: (register: number) => Body): Body =>
    range(sums.count).map((register) =>
      valueDim % threads === 0 ? then(register) : ir.if_(ir.lt(columnOf(register), valueDim), then(register)),
    )

  const update = (block: ScheduledBlock): Body => {
    const { names, features } = evaluate('key', block)
    const old = ir.let_('oldScale', faded(loadLanes(block, scaleAt)))
    const raised = ir.let_(
      'newScale',
      ir.call('max', ir.ref(old), scaled ? exponentOf(features, 0) : ir.splat(0)),
    )
    const power = scaled ? ir.call('exp2', ir.sub(exponentOf(features, 0), ir.ref(raised))) : ir.splat(1)
    const value = features.coefficient === undefined ? power : ir.mul(widen(features.coefficient(0)), power)
    const keep = ir.let_(
      'keep',
      scaled
        ? ir.call('exp2', ir.sub(ir.ref(old), ir.ref(raised)))
        : ir.splat(decays ? ir.call('exp2', logDecay) : 1),
    )
    const add = ir.let_('add', scaled ? value : widen(features.value(0)))
    const z = ir.let_('z', ir.add(ir.mul(loadLanes(block, totalAt), ir.ref(keep)), ir.ref(add)))
    return [
      names,
      scaled ? [old, raised] : [],
      keep,
      add,
      z,
      eachLane(block, (lane, feature) => [
        ir.store(carried, totalAt(feature), ir.lane(ir.ref(z), lane)),
        scaled ? ir.store(carried, scaleAt(feature), ir.lane(ir.ref(raised), lane)) : [],
      ]),
      ir.sharedStore(kept, ir.thread, ir.ref(keep)),
      ir.sharedStore(added, ir.thread, ir.ref(add)),
      ir.barrier,
      overTile(
        block,
        (group) => [
          ir.let_('kept4', ir.sharedLoad(kept, group)),
          ir.let_('added4', ir.sharedLoad(added, group)),
        ],
        (lane, at) =>
          eachColumn((register) => {
            const value_ = ir.load(
              binding('v'),
              ir.add(ir.mul(u32Name('keyGroup'), valueDim), columnOf(register)),
            )
            const before = ir.mul(ir.load(carried, at(register)), ir.lane(vec('kept4'), lane))
            return ir.store(
              carried,
              at(register),
              ir.add(before, ir.mul(ir.lane(vec('added4'), lane), value_)),
            )
          }),
      ),
      ir.barrier,
    ]
  }
  const faded = (scale: Value): Value => (decays ? ir.add(scale, ir.splat(logDecay)) : scale)

  const read = (block: ScheduledBlock): Body => {
    const { names, features } = evaluate('query', block)
    const exponent = scaled
      ? ir.let_(
          'exponent',
          present(block, ir.add(exponentOf(features, 0), loadLanes(block, scaleAt)), lowest),
        )
      : undefined
    const raise: Body =
      exponent === undefined
        ? []
        : [
            exponent,
            ir.sharedStore(exponents, ir.thread, ir.ref(exponent)),
            ir.barrier,
            ir.let_('scaleSoFar', ir.ref(rowScale)),
            ir.for_('other', 0, threads, 1, (other) => {
              const four4 = ir.let_('exponents4', ir.sharedLoad(exponents, other))
              return [
                four4,
                four.map((lane) =>
                  ir.assign(ir.ref(rowScale), ir.call('max', ir.ref(rowScale), ir.lane(ir.ref(four4), lane))),
                ),
              ]
            }),
            ir.let_('shrink', ir.call('exp2', ir.sub(f32Name('scaleSoFar'), ir.ref(rowScale)))),
            ir.assign(ir.ref(total), ir.mul(ir.ref(total), f32Name('shrink'))),
            range(sums.count).map((register) =>
              ir.assign(ir.register(sums, register), ir.mul(ir.register(sums, register), f32Name('shrink'))),
            ),
          ]
    const power =
      exponent === undefined
        ? undefined
        : ir.call('exp2', ir.sub(ir.ref(exponent), ir.splat(ir.ref(rowScale))))
    const value =
      power === undefined
        ? widen(features.value(0))
        : features.coefficient === undefined
          ? power
          : ir.mul(widen(features.coefficient(0)), power)
    const weight = ir.let_('weight', present(block, value, 0))
    return [
      names,
      raise,
      weight,
      ir.sharedStore(weights, ir.thread, ir.ref(weight)),
      ir.sharedStore(totals, ir.thread, ir.mul(ir.ref(weight), loadLanes(block, totalAt))),
      ir.barrier,
      overTile(
        block,
        (group) => [
          ir.let_('weight4', ir.sharedLoad(weights, group)),
          ir.let_('total4', ir.sharedLoad(totals, group)),
        ],
        (lane, at) => [
          ir.assign(ir.ref(total), ir.add(ir.ref(total), ir.lane(vec('total4'), lane))),
          eachColumn((register) =>
            ir.assign(
              ir.register(sums, register),
              ir.add(
                ir.register(sums, register),
                ir.mul(ir.lane(vec('weight4'), lane), ir.load(carried, at(register))),
              ),
            ),
          ),
        ],
      ),
      ir.barrier,
    ]
  }
  /** What there is of a tile's components; `absent` in the lanes of others. */
  const present = (block: ScheduledBlock, value: Value, absent: number): Value => {
    if (block.size % width === 0) return value
    const at = (lane: 0 | 1 | 2 | 3): Value =>
      ir.select(ir.lt(component(lane), block.size), ir.lane(value, lane), absent)
    return ir.vec4(at(0), at(1), at(2), at(3))
  }

  const overBlocks = (blocks: readonly ScheduledBlock[], code: (block: ScheduledBlock) => Body): Body =>
    blocks.map((block) =>
      ir.for_('components', 0, Math.ceil(block.size / width) * width, width, () => code(block)),
    )

  const factor = rowFactor(pass, ir.ref(total), scaled ? ir.ref(rowScale) : undefined)

  const body = ir.block(
    divide([], 'slice'),
    groupNames(counts, schedule.groups, false),
    decays ? logDecayName(binding('decay')) : [],
    start,
    overBlocks(pass.key.blocks, update),
    ir.for_('headInGroup', 0, headsOf(schedule.groups), 1, (headInGroup) => [
      ir.let_('queryHead', ir.add(ir.mul(u32Name('group'), headsOf(schedule.groups)), headInGroup)),
      sums,
      total,
      scaled ? rowScale : [],
      overBlocks(pass.query.blocks, read),
      factor === undefined ? [] : ir.let_('factor', factor),
      eachColumn((register) => {
        const sum = ir.register(sums, register)
        const to = ir.add(ir.mul(u32Name('queryHead'), valueDim), columnOf(register))
        return ir.store(binding('out'), to, factor === undefined ? sum : ir.mul(sum, f32Name('factor')))
      }),
    ]),
  )
  const arrays = [kept, added, weights, totals, ...(scaled ? [exponents] : [])]
  return kernel('One more token: its key and value into the state, its query out of it.', arrays, body)
}

const vec = (name: string): Value => ({ kind: 'name', type: 'vec4f', name })
const f32Name = (name: string): Value => ({ kind: 'name', type: 'f32', name })
