/**
 * Reduce: one workgroup takes one chunk, up to 32 components of φ and a tile of
 * value columns, and sums φ(k_j) v_jᵀ and φ(k_j) over the chunk's rows.
 * Components are in the lanes and rows are items, so that the sum over rows is
 * a product of register tiles.
 */
import type { ReducePass, Schedule, ScheduledBlock } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Kernel, Value } from '../kernel.ts'
import { chooseBlock, tilesOf } from './blocks.ts'
import { prepareRows } from './features.ts'
import { exponentOf } from './exponents.ts'
import { divide, firstKeyRow, frame, groupNames, logDecay, logDecayName, u32Name, visible } from './frame.ts'
import { headMaximum } from './maxima-layout.ts'
import { widen } from './operators.ts'
import { projectedOf } from './projected-layout.ts'
import { stateLayout } from './state-layout.ts'
import {
  columnGroup,
  columnsOf,
  extent,
  lanes,
  place,
  range,
  rowGroup,
  threadNames,
  tileArray,
  valueTiles,
  within,
} from './tile.ts'

/** Here a thread's lanes are four components of φ, and its items four rows. */
const componentGroup = rowGroup

export function lowerReduce(schedule: Schedule, pass: ReducePass): Kernel {
  const { tile, features } = pass
  const { binding, kernel } = frame(schedule, pass)
  const scaled = pass.scaling === 'scaled'
  const decays = pass.buffers.includes('decay')
  const state = binding('state')
  const layout = stateLayout(schedule, pass.scaling)
  const columns = columnsOf(tile, schedule.valueDim)

  const phi = tileArray('phi', tile.rows)
  const sums = ir.registers('sums', 'vec4f', columns.count)
  const total = ir.var_('total', ir.splat(0))
  const largest = ir.var_('largest', ir.splat(lowest))
  const firstRow = ir.let_('firstRow', ir.mul(u32Name('chunk'), schedule.chunk))
  const lastRow = ir.let_(
    'lastRow',
    ir.sub(ir.call('min', ir.add(ir.ref(firstRow), schedule.chunk), ir.shape('length')), 1),
  )
  const rows = ir.let_('rows', extent(ir.ref(firstRow), visible, schedule.chunk))

  /** Components of φ for the rows from `from` of the chunk on, in `phi` by (row, component group). */
  const fillTile = (part: ScheduledBlock, components: Value, from: Value, here: Value): Body => {
    const rowOf = (item: number): Value => ir.add(ir.mul(columnGroup, lanes), item)
    const rowAt = (item: number): Value => ir.add(ir.ref(firstRow), from, within(rowOf(item), here))
    const prepared = prepareRows(
      {
        extent: 'items',
        each: lanes,
        buffer: binding('k'),
        dim: schedule.dim,
        first: firstKeyRow,
        at: rowAt,
        count: visible,
        projected: projectedOf(schedule, pass, binding, 'key'),
        ...(pass.buffers.includes('maxima') ? { maximum: () => headMaximum(binding('maxima')) } : {}),
        prefix: 'k',
      },
      [part],
    )
    const evaluated = prepared.evaluate({
      block: part,
      each: lanes,
      at: (lane) => ir.add(components, ir.mul(componentGroup, lanes), lane),
      steps: tile.steps,
      projection: part.projected ? binding('w') : undefined,
    })
    const statements = [prepared.statements, evaluated.statements]
    // A row's weight falls by γ for each row from it to the last of the chunk.
    const fading = (item: number): Value =>
      ir.mul(logDecay, ir.convert('f32', ir.sub(ir.ref(lastRow), rowAt(item))))
    const faded = (exponent: Value, item: number): Value =>
      decays ? ir.add(exponent, ir.splat(fading(item))) : exponent
    const weighed = (value: Value, item: number): Value =>
      decays ? ir.mul(value, ir.splat(ir.call('exp2', fading(item)))) : value
    const put = (value: (item: number) => Value): Body =>
      range(lanes).map((item) => ir.sharedStore(phi, place(rowOf(item), componentGroup), widen(value(item))))
    if (!scaled) return [statements, put((item) => weighed(widen(evaluated.value(item)), item))]
    const scaledValue = (item: number): Value => {
      const mantissa = ir.call('exp2', ir.sub(faded(exponentOf(evaluated, item), item), ir.ref(largest)))
      return evaluated.coefficient === undefined
        ? mantissa
        : ir.mul(widen(evaluated.coefficient(item)), mantissa)
    }
    return [
      statements,
      ir.comment('each component is scaled by its largest exponent so far'),
      put((item) => faded(exponentOf(evaluated, item), item)),
      ir.barrier,
      raiseScale(here),
      ir.barrier,
      put(scaledValue),
    ]
  }

  /** Takes the rows' exponents into the running scale, and what is summed along with it. */
  const raiseScale = (here: Value): Body => {
    const before = ir.let_('before', ir.ref(largest))
    const shrink = ir.let_('shrink', ir.call('exp2', ir.sub(ir.ref(before), ir.ref(largest))))
    return [
      before,
      ir.for_('j', 0, here, 1, (j) =>
        ir.assign(
          ir.ref(largest),
          ir.call('max', ir.ref(largest), ir.sharedLoad(phi, place(j, componentGroup))),
        ),
      ),
      shrink,
      ir.assign(ir.ref(total), ir.mul(ir.ref(total), ir.ref(shrink))),
      range(columns.count).map((index) =>
        ir.assign(ir.register(sums, index), ir.mul(ir.register(sums, index), ir.ref(shrink))),
      ),
    ]
  }

  const addRows = (from: Value, here: Value): Body =>
    ir.for_('j', 0, here, 1, (j) => {
      const feature = ir.let_('feature', ir.sharedLoad(phi, place(j, componentGroup)))
      const row = ir.let_(
        'valueRow',
        ir.mul(ir.add(firstKeyRow, ir.ref(firstRow), from, j), schedule.valueDim),
      )
      return [
        feature,
        row,
        ir.assign(ir.ref(total), ir.add(ir.ref(total), ir.ref(feature))),
        range(columns.count).map((index) => {
          const value = ir.load(binding('v'), ir.add(ir.ref(row), columns.at(index)))
          return ir.assign(
            ir.register(sums, index),
            ir.add(ir.register(sums, index), ir.mul(ir.ref(feature), ir.splat(value))),
          )
        }),
      ]
    })

  const writeState = (part: ScheduledBlock, components: Value): Body => {
    const start = ir.let_('stateStart', layout.start(u32Name('chunk')))
    return [
      start,
      ([0, 1, 2, 3] as const).map((lane) => {
        const component = ir.let_(`component${lane}`, ir.add(components, ir.mul(componentGroup, lanes), lane))
        const feature = ir.add(ir.ref(component), part.start)
        const ofLane = (value: Value): Value => ir.lane(value, lane)
        const columnsOfRow = range(columns.count).map((index) =>
          columns.guard(index, (column) =>
            ir.store(state, layout.s(ir.ref(start), feature, column), ofLane(ir.register(sums, index))),
          ),
        )
        const ofFeature = ir.if_(ir.eq(ir.add(columnGroup, u32Name('valueTile')), 0), [
          ir.store(state, layout.z(ir.ref(start), feature), ofLane(ir.ref(total))),
          scaled ? ir.store(state, layout.scale(ir.ref(start), feature), ofLane(ir.ref(largest))) : [],
        ])
        return [component, ir.if_(ir.lt(ir.ref(component), part.size), [columnsOfRow, ofFeature])]
      }),
    ]
  }

  const oneTile = (part: ScheduledBlock, tileOfBlock: Value): Body => {
    const components = ir.let_('components', ir.mul(tileOfBlock, tile.steps))
    return [
      components,
      sums,
      total,
      scaled ? largest : [],
      ir.for_('from', 0, ir.ref(rows), tile.rows, (from) => {
        const here = ir.let_('here', extent(from, ir.ref(rows), tile.rows))
        return [
          here,
          fillTile(part, ir.ref(components), from, ir.ref(here)),
          ir.barrier,
          addRows(from, ir.ref(here)),
          ir.barrier,
        ]
      }),
      writeState(part, ir.ref(components)),
    ]
  }

  const featureTiles = features.blocks.reduce((count, part) => count + tilesOf(part, tile.steps), 0)
  const body = ir.block(
    divide(
      [
        ['valueTile', valueTiles(tile, schedule.valueDim)],
        ['featureTile', featureTiles],
        ['chunk', ir.shape('chunks')],
      ],
      'slice',
    ),
    groupNames(binding('lengths'), schedule.groups, false),
    decays ? logDecayName(binding('decay')) : [],
    threadNames(tile),
    columns.names,
    firstRow,
    decays ? lastRow : [],
    rows,
    chooseBlock(features.blocks, tile.steps, u32Name('featureTile'), oneTile),
  )
  return kernel('For each chunk of key rows, S = Σ φ(k) vᵀ and z = Σ φ(k).', [phi], body)
}
