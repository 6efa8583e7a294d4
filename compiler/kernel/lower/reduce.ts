/**
 * Reduce: one workgroup takes one chunk, up to 64 components of φ and a tile of
 * value columns, and sums φ(k_j) v_jᵀ and φ(k_j) over the chunk's rows.
 * Components are in the lanes and rows are items, so that the sum over rows is
 * a product of register tiles.
 */
import type { ReducePass, Schedule, ScheduledBlock } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Kernel, SharedArray, Statement, Value } from '../kernel.ts'
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
  rowVector,
  threadNames,
  tileArray,
  valueTiles,
  vectorsOf,
  within,
} from './tile.ts'

type Registers = Extract<Statement, { kind: 'registers' }>

/** The kernel that sums φ(k) vᵀ and φ(k) over each chunk of key rows into the chunk's state. */
export function lowerReduce(schedule: Schedule, pass: ReducePass): Kernel {
  const { tile, features } = pass
  const { binding, counts, kernel } = frame(schedule, pass)
  const scaled = pass.scaling === 'scaled'
  const decays = pass.buffers.includes('decay')
  const state = binding('state')
  const layout = stateLayout(schedule, pass.scaling)
  const columns = columnsOf(tile, schedule.valueDim)

  // Where other passes have fours of rows, this one has fours of components.
  const fours = tile.steps / lanes
  const vectors = vectorsOf(tile, tile.steps)
  const componentsAt = (vector: number): Value => rowVector(vector, vectors)
  const phi = tileArray('phi', tile.rows, fours)
  const scales: SharedArray = { name: 'scales', element: 'vec4f', length: fours }
  // Of the sums, those of a thread's first four components come first.
  const sums = ir.registers('sums', 'vec4f', vectors * columns.count)
  const totals = ir.registers('totals', 'vec4f', vectors)
  const largest = ir.registers('largest', 'vec4f', vectors, lowest)
  // What fills the array: neighbouring threads have neighbouring components, and every so many-th row.
  const fillComponents = ir.let_('fillComponents', ir.mod(ir.thread, fours))
  const fillRow = ir.let_('fillRow', ir.div(ir.thread, fours))
  const strides = tile.threads / fours
  const firstRow = ir.let_('firstRow', ir.mul(u32Name('chunk'), schedule.chunk))
  const lastRow = ir.let_(
    'lastRow',
    ir.sub(ir.call('max', ir.call('min', ir.add(ir.ref(firstRow), schedule.chunk), visible), 1), 1),
  )
  const rows = ir.let_('rows', extent(ir.ref(firstRow), visible, schedule.chunk))

  /** Components of φ for the rows from `from` of the chunk on, in `phi` by (row, component group). */
  const fillTile = (part: ScheduledBlock, components: Value, from: Value, here: Value): Body => {
    const fill = (four: Value, rows: readonly Value[]): Body =>
      fillRows(part, ir.add(components, ir.mul(four, lanes)), four, from, here, rows)
    // Projections of several rows share their loads; entries of a row share nothing.
    if (!keepsComponents(part))
      return ir.for_('item', ir.thread, tile.rows * fours, tile.threads, (item) => {
        const row = ir.let_('fillRow', ir.div(item, fours))
        const four = ir.let_('fillComponents', ir.mod(item, fours))
        return [row, four, fill(ir.ref(four), [ir.ref(row)])]
      })
    const rows = range(tile.rows / strides).map((item) => ir.add(ir.ref(fillRow), item * strides))
    return fill(ir.ref(fillComponents), rows)
  }
  /** Whether a thread has the same components in all its rows. */
  const keepsComponents = (part: ScheduledBlock): boolean => scaled || part.projected

  const fillRows = (
    part: ScheduledBlock,
    firstComponent: Value,
    four: Value,
    from: Value,
    here: Value,
    rows: readonly Value[],
  ): Body => {
    const rowAt = (item: number): Value =>
      ir.add(ir.ref(firstRow), from, within(rows[item] ?? ir.u32(0), here))
    const prepared = prepareRows(
      {
        extent: 'items',
        each: rows.length,
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
      at: (lane) => ir.add(firstComponent, lane),
      steps: tile.steps,
      projection: part.projected ? binding('w') : undefined,
    })
    const statements = [prepared.statements, evaluated.statements]
    // A row's weight falls by γ for each row from it to the last visible one of the chunk.
    const fading = (item: number): Value =>
      ir.mul(logDecay, ir.convert('f32', ir.sub(ir.ref(lastRow), rowAt(item))))
    const faded = (exponent: Value, item: number): Value =>
      decays ? ir.add(exponent, ir.splat(fading(item))) : exponent
    const weighed = (value: Value, item: number): Value =>
      decays ? ir.mul(value, ir.splat(ir.call('exp2', fading(item)))) : value
    const put = (value: (item: number) => Value): Body =>
      rows.map((row, item) => ir.sharedStore(phi, place(row, four, fours), widen(value(item))))
    if (!scaled) return [statements, put((item) => weighed(widen(evaluated.value(item)), item))]
    const scale = ir.let_('scale', ir.sharedLoad(scales, four))
    const scaledValue = (item: number): Value => {
      const mantissa = ir.call('exp2', ir.sub(faded(exponentOf(evaluated, item), item), ir.ref(scale)))
      return evaluated.coefficient === undefined
        ? mantissa
        : ir.mul(widen(evaluated.coefficient(item)), mantissa)
    }
    return [
      statements,
      ir.comment('each component is scaled by its largest exponent so far'),
      put((item) => faded(exponentOf(evaluated, item), item)),
      ir.barrier,
      raiseScales(here),
      ir.barrier,
      scale,
      put(scaledValue),
    ]
  }

  const phiAt = (row: Value, vector: number): Value =>
    ir.sharedLoad(phi, place(row, componentsAt(vector), fours))
  const sumsOf = (vector: number): number[] =>
    range(columns.count).map((index) => vector * columns.count + index)

  /** Takes the rows' exponents into the running scales, and what is summed along with them. */
  const raiseScales = (here: Value): Body =>
    range(vectors).map((vector) => {
      const now = ir.register(largest, vector)
      const before = ir.let_(`before${vector}`, now)
      const shrink = ir.let_(`shrink${vector}`, ir.call('exp2', ir.sub(ir.ref(before), now)))
      const shrunk = (registers: Registers, index: number): Statement =>
        ir.assign(ir.register(registers, index), ir.mul(ir.register(registers, index), ir.ref(shrink)))
      return [
        before,
        ir.for_('j', 0, here, 1, (j) => ir.assign(now, ir.call('max', now, phiAt(j, vector)))),
        shrink,
        shrunk(totals, vector),
        sumsOf(vector).map((index) => shrunk(sums, index)),
        ir.if_(ir.eq(columnGroup, 0), ir.sharedStore(scales, componentsAt(vector), now)),
      ]
    })

  const addRows = (from: Value, here: Value): Body =>
    ir.for_('j', 0, here, 1, (j) => {
      const phis = range(vectors).map((vector) => ir.let_(`feature${vector}`, phiAt(j, vector)))
      const row = columns.along(ir.mul(ir.add(firstKeyRow, ir.ref(firstRow), from, j), schedule.valueDim))
      const column = range(columns.count).map((index) =>
        ir.let_(`column${index}`, ir.load(binding('v'), row.at(index))),
      )
      const added = (registers: Registers, index: number, value: Value): Statement =>
        ir.assign(ir.register(registers, index), ir.add(ir.register(registers, index), value))
      return [
        phis,
        row.name,
        column,
        phis.map((feature, vector) => [
          added(totals, vector, ir.ref(feature)),
          column.map((value, index) =>
            added(sums, vector * columns.count + index, ir.mul(ir.ref(feature), ir.splat(ir.ref(value)))),
          ),
        ]),
      ]
    })

  const writeState = (part: ScheduledBlock, components: Value): Body => {
    const start = ir.let_('stateStart', layout.start(u32Name('chunk')))
    return [
      start,
      range(vectors).map((vector) =>
        ([0, 1, 2, 3] as const).map((lane) => writeComponent(part, components, ir.ref(start), vector, lane)),
      ),
    ]
  }

  const writeComponent = (
    part: ScheduledBlock,
    components: Value,
    start: Value,
    vector: number,
    lane: 0 | 1 | 2 | 3,
  ): Body => {
    const component = ir.let_(
      `component${vector * lanes + lane}`,
      ir.add(components, ir.mul(componentsAt(vector), lanes), lane),
    )
    const feature = ir.add(ir.ref(component), part.start)
    const ofLane = (registers: Registers, index: number): Value =>
      ir.lane(ir.register(registers, index), lane)
    const row = sumsOf(vector).map((sum, index) =>
      columns.guard(index, (column) => ir.store(state, layout.s(start, feature, column), ofLane(sums, sum))),
    )
    const ofFeature = ir.if_(ir.eq(ir.add(columnGroup, u32Name('valueTile')), 0), [
      ir.store(state, layout.z(start, feature), ofLane(totals, vector)),
      scaled ? ir.store(state, layout.scale(start, feature), ofLane(largest, vector)) : [],
    ])
    const there = part.size % tile.steps === 0
    return [
      component,
      there ? [row, ofFeature] : ir.if_(ir.lt(ir.ref(component), part.size), [row, ofFeature]),
    ]
  }

  const oneTile = (part: ScheduledBlock, tileOfBlock: Value): Body => {
    const components = ir.let_('components', ir.mul(tileOfBlock, tile.steps))
    return [
      components,
      sums,
      totals,
      scaled ? largest : [],
      ir.for_('from', 0, ir.ref(rows), tile.rows, (from) => {
        const here = ir.let_('here', extent(from, ir.ref(rows), tile.rows))
        return [
          here,
          fillTile(part, ir.ref(components), from, ir.ref(here)),
          ir.barrier,
          addRows(from, ir.ref(here)),
          schedule.chunk > tile.rows ? ir.barrier : [],
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
    groupNames(counts, schedule.groups, false),
    decays ? logDecayName(binding('decay')) : [],
    threadNames(tile),
    columns.names,
    features.blocks.some(keepsComponents) ? [fillComponents, fillRow] : [],
    firstRow,
    decays ? lastRow : [],
    rows,
    chooseBlock(features.blocks, tile.steps, u32Name('featureTile'), oneTile),
  )
  return kernel(
    'For each chunk of key rows, S = Σ φ(k) vᵀ and z = Σ φ(k).',
    scaled ? [phi, scales] : [phi],
    body,
  )
}
