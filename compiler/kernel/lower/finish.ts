/**
 * Finish: one workgroup takes 32 query rows of a head and a tile of value
 * columns. It reads φ(q)·S of everything before the rows' chunk and, where the
 * attention is causal, adds the pairs inside the chunk; then it divides.
 *
 * Where sums are scaled, a row's scale is the largest exponent among the keys
 * that this row sees: the largest before the chunk, and inside it a running
 * maximum down the rows. A later key changes neither it nor the row.
 */
import type { FinishPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import type { Kernel, Value } from '../kernel.ts'
import { everyTile } from './blocks.ts'
import { chunkTile } from './chunk-tile.ts'
import {
  divide,
  firstKeyRow,
  frame,
  groupNames,
  headsOf,
  logDecay,
  logDecayName,
  u32Name,
  visible,
} from './frame.ts'
import { readout } from './readout.ts'
import { rowScale } from './row-scale.ts'
import { stateLayout } from './state-layout.ts'
import {
  columnGroup,
  columnsOf,
  extent,
  lanes,
  place,
  range,
  rowGroup,
  rowNumbers,
  threadNames,
  tileArray,
  valueTiles,
} from './tile.ts'

export function lowerFinish(schedule: Schedule, pass: FinishPass): Kernel {
  const { tile, causal } = pass
  const { binding, kernel } = frame(schedule, pass)
  const scaled = pass.scaling === 'scaled'
  const decays = pass.buffers.includes('decay')
  const layout = stateLayout(schedule, pass.scaling)
  const columns = columnsOf(tile, schedule.valueDim)
  const sums = ir.registers('sums', 'vec4f', columns.count)
  const total = ir.var_('total', ir.splat(0))
  const scores = ir.registers('scores', 'vec4f', lanes)
  const pairs = tileArray('pairs', tile.rows)

  const firstRow = ir.let_('firstRow', ir.mul(u32Name('rowTile'), tile.rows))
  const keys = ir.let_('keys', causal ? extent(ir.ref(firstRow), visible, tile.rows) : ir.u32(0))
  // A chunk is as long as a tile where the attention is causal; without a mask there is one state for all.
  const state = ir.let_('stateStart', layout.start(causal ? u32Name('rowTile') : ir.u32(0)))

  const features = chunkTile(schedule, pass, binding, ir.ref(firstRow))
  const scale = rowScale(pass, layout, binding('state'), features.arrays, causal ? [sums, scores] : [sums])

  /** Component by component: φ(q)·S and φ(q)·z, and the pairs' scores. */
  const readState = (which: number, first: Value, count: Value): Body =>
    ir.for_('f', 0, count, 1, (f) => {
      const weight = ir.let_('weight', ir.sharedLoad(features.arrays.weight, place(f, rowGroup)))
      const feature = ir.let_('feature', ir.add(first, f))
      const s = (index: number): Value =>
        ir.load(binding('state'), layout.s(ir.ref(state), ir.ref(feature), columns.at(index)))
      return [
        weight,
        feature,
        range(columns.count).map((index) =>
          ir.assign(
            ir.register(sums, index),
            ir.add(ir.register(sums, index), ir.mul(ir.ref(weight), ir.splat(s(index)))),
          ),
        ),
        ir.assign(
          ir.ref(total),
          ir.add(
            ir.ref(total),
            ir.mul(
              ir.ref(weight),
              ir.splat(ir.load(binding('state'), layout.z(ir.ref(state), ir.ref(feature)))),
            ),
          ),
        ),
        causal
          ? features.score(which, scores, f, scaled ? { rowScale: scale.current } : { query: ir.ref(weight) })
          : [],
      ]
    })

  const oneTile = (which: number, firstComponent: Value): Body => {
    const query = pass.query.blocks[which]
    if (query === undefined) return []
    const count = ir.let_('count', extent(firstComponent, ir.u32(query.size), tile.steps))
    const feature = ir.let_('firstFeature', ir.add(firstComponent, query.start))
    return [
      count,
      feature,
      features.fill(which, firstComponent),
      ir.barrier,
      scaled ? scale.raise(which, ir.ref(state), ir.ref(feature), ir.ref(count), ir.ref(total)) : [],
      readState(which, ir.ref(feature), ir.ref(count)),
      ir.barrier,
    ]
  }

  /** What came before the chunk has faded by γ for each row since; in scaled sums the scale says so. */
  const fadeState = (): Body => {
    if (!decays || scaled) return []
    const faded = ir.let_('faded', ir.call('exp2', ir.mul(ir.splat(logDecay), rowNumbers(1))))
    return [
      faded,
      ir.assign(ir.ref(total), ir.mul(ir.ref(total), ir.ref(faded))),
      range(columns.count).map((index) =>
        ir.assign(ir.register(sums, index), ir.mul(ir.register(sums, index), ir.ref(faded))),
      ),
    ]
  }
  /** γ^(i−j) of the rows in the lanes and a key of the chunk. */
  const fadedBy = (key: Value): Value =>
    ir.call('exp2', ir.mul(ir.splat(logDecay), ir.sub(rowNumbers(0), ir.splat(ir.convert('f32', key)))))

  /** The pairs of the chunk, each row seeing the keys up to its own. */
  const addPairs: Body = causal
    ? [
        ir.comment('pairs inside the chunk: key j for rows i ≥ j'),
        range(lanes).map((item) => {
          const key = ir.let_(`key${item}`, ir.add(ir.mul(columnGroup, lanes), item))
          const score = ir.let_(
            `score${item}`,
            decays && !scaled
              ? ir.mul(ir.register(scores, item), fadedBy(ir.ref(key)))
              : ir.register(scores, item),
          )
          const seen = ([0, 1, 2, 3] as const).map((lane) =>
            ir.select(
              ir.le(ir.ref(key), ir.add(ir.mul(rowGroup, lanes), lane)),
              ir.lane(ir.ref(score), lane),
              0,
            ),
          ) as [Value, Value, Value, Value]
          return [key, score, ir.sharedStore(pairs, place(ir.ref(key), rowGroup), ir.vec4(...seen))]
        }),
        ir.barrier,
        // Rows of a thread see no key behind the last of them.
        ir.for_('j', 0, ir.call('min', ir.ref(keys), ir.mul(ir.add(rowGroup, 1), lanes)), 1, (j) => {
          const pair = ir.let_('pair', ir.sharedLoad(pairs, place(j, rowGroup)))
          const row = ir.let_('valueRow', ir.mul(ir.add(firstKeyRow, ir.ref(firstRow), j), schedule.valueDim))
          return [
            pair,
            row,
            ir.assign(ir.ref(total), ir.add(ir.ref(total), ir.ref(pair))),
            range(columns.count).map((index) => {
              const value = ir.load(binding('v'), ir.add(ir.ref(row), columns.at(index)))
              return ir.assign(
                ir.register(sums, index),
                ir.add(ir.register(sums, index), ir.mul(ir.ref(pair), ir.splat(value))),
              )
            }),
          ]
        }),
      ]
    : []

  const body = ir.block(
    divide(
      [
        ['valueTile', valueTiles(tile, schedule.valueDim)],
        ['rowTile', ir.div(ir.add(ir.shape('length'), tile.rows - 1), tile.rows)],
        ['headInGroup', headsOf(schedule.groups)],
      ],
      'slice',
    ),
    groupNames(binding('lengths'), schedule.groups),
    decays ? logDecayName(binding('decay')) : [],
    threadNames(tile),
    columns.names,
    firstRow,
    keys,
    state,
    sums,
    total,
    causal ? scores : [],
    scaled ? scale.names : [],
    features.names,
    everyTile(pass.query.blocks, tile.steps, oneTile),
    fadeState(),
    addPairs,
    readout({
      pass,
      valueDim: schedule.valueDim,
      columns,
      sums,
      total: ir.ref(total),
      out: binding('out'),
      firstRow: ir.ref(firstRow),
      ...(scaled ? { scale: scale.current } : {}),
    }),
  )
  const what = causal
    ? 'Each row: φ(q)·S of the chunks before, plus the pairs of its own chunk, over φ(q)·z likewise.'
    : 'Each row: φ(q)·S over φ(q)·z.'
  return kernel(what, [...features.shared, ...(causal ? [pairs] : [])], body)
}
