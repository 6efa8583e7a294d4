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
import type { Kernel, Statement, Value } from '../kernel.ts'
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
import { mending } from './mend.ts'
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
  rowVector,
  threadNames,
  tileArray,
  valueTiles,
  vectorsOf,
} from './tile.ts'

type Registers = Extract<Statement, { kind: 'registers' }>

/**
 * The kernel that reads 32 query rows out of the state before their chunk, adds the causal pairs inside the
 * chunk, and stores the rows of the output.
 */
export function lowerFinish(schedule: Schedule, pass: FinishPass): Kernel {
  const { tile, causal } = pass
  const { binding, counts, kernel } = frame(schedule, pass)
  const scaled = pass.scaling === 'scaled'
  const decays = pass.buffers.includes('decay')
  const layout = stateLayout(schedule, pass.scaling)
  const columns = columnsOf(tile, schedule.valueDim)
  const vectors = vectorsOf(tile, tile.rows)
  // Of each, those of a thread's first four rows come first.
  const sums = ir.registers('sums', 'vec4f', vectors * columns.count)
  const totals = ir.registers('totals', 'vec4f', vectors)
  const scores = ir.registers('scores', 'vec4f', vectors * lanes)
  const pairs = tileArray('pairs', tile.rows)

  const firstRow = ir.let_('firstRow', ir.mul(u32Name('rowTile'), tile.rows))
  const keys = ir.let_('keys', causal ? extent(ir.ref(firstRow), visible, tile.rows) : ir.u32(0))
  // A chunk is as long as a tile where the attention is causal; without a mask there is one state for all.
  const state = ir.let_('stateStart', layout.start(causal ? u32Name('rowTile') : ir.u32(0)))

  // A state is as of the last visible row: from there to the row before the chunk it has faded.
  const faded = ir.let_(
    'faded',
    ir.mul(logDecay, ir.convert('f32', ir.sub(ir.ref(firstRow), ir.call('min', ir.ref(firstRow), visible)))),
  )

  const features = chunkTile(schedule, pass, { binding, counts }, ir.ref(firstRow))
  const summed = causal ? [sums, totals, scores] : [sums, totals]
  const scale = rowScale(
    pass,
    layout,
    binding('state'),
    features.arrays,
    summed,
    decays ? ir.ref(faded) : undefined,
  )

  const eachFour = (then: (vector: number, four: Value) => Body): Body =>
    range(vectors).map((vector) => then(vector, rowVector(vector, vectors)))

  /** Adds weights of the thread's rows, times what they weigh: one number for all rows, and one a column. */
  const addWeighed = (weights: readonly Value[], total: Value | undefined, column: readonly Value[]): Body =>
    weights.map((weight, vector) => {
      const add = (registers: Registers, index: number, weighed: Value): Statement =>
        ir.assign(ir.register(registers, index), ir.add(ir.register(registers, index), weighed))
      return [
        add(totals, vector, total === undefined ? weight : ir.mul(weight, ir.splat(total))),
        column.map((value, index) =>
          add(sums, vector * columns.count + index, ir.mul(weight, ir.splat(value))),
        ),
      ]
    })

  /** The numbers of a thread's columns in a row of a buffer, loaded once for all its rows. */
  const loadColumns = (from: string, start: Value): { names: Body; numbers: readonly Value[] } => {
    const row = columns.along(start)
    const numbers = range(columns.count).map((index) =>
      ir.let_(`column${index}`, ir.load(binding(from), row.at(index))),
    )
    return { names: [row.name, numbers], numbers: numbers.map(ir.ref) }
  }

  /** Component by component: φ(q)·S and φ(q)·z, and the pairs' scores. */
  const readState = (which: number, first: Value, count: Value): Body =>
    ir.for_('f', 0, count, 1, (f) => {
      const weights = range(vectors).map((vector) => {
        const at = place(f, rowVector(vector, vectors))
        return ir.let_(`weight${vector}`, ir.sharedLoad(features.arrays.weight, at))
      })
      const feature = ir.let_('feature', ir.add(first, f))
      const column = loadColumns('state', layout.s(ir.ref(state), ir.ref(feature), ir.u32(0)))
      const z = ir.let_('z', ir.load(binding('state'), layout.z(ir.ref(state), ir.ref(feature))))
      const query = weights.map(ir.ref)
      return [
        weights,
        feature,
        column.names,
        z,
        addWeighed(query, ir.ref(z), column.numbers),
        causal ? features.score(which, scores, f, scaled ? { rowScale: scale.current } : { query }) : [],
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
      scaled ? scale.raise(which, ir.ref(state), ir.ref(feature), ir.ref(count)) : [],
      readState(which, ir.ref(feature), ir.ref(count)),
      // Without pairs, what the next tile fills has last been read before the barrier behind the scales.
      scaled && !causal ? [] : ir.barrier,
    ]
  }

  /** What came before the chunk has faded by γ for each row since; in scaled sums the scale says so. */
  const fadeState = (): Body => {
    if (!decays || scaled) return []
    return eachFour((vector, four) => {
      const fadedRows = ir.let_(
        `faded${vector}`,
        ir.call('exp2', ir.add(ir.mul(ir.splat(logDecay), rowNumbers(1, four)), ir.splat(ir.ref(faded)))),
      )
      const fade = (registers: Registers, index: number): Statement =>
        ir.assign(ir.register(registers, index), ir.mul(ir.register(registers, index), ir.ref(fadedRows)))
      return [
        fadedRows,
        fade(totals, vector),
        range(columns.count).map((index) => fade(sums, vector * columns.count + index)),
      ]
    })
  }
  /** γ^(i−j) of the rows in the lanes and a key of the chunk. */
  const fadedBy = (key: Value, four: Value): Value =>
    ir.call('exp2', ir.mul(ir.splat(logDecay), ir.sub(rowNumbers(0, four), ir.splat(ir.convert('f32', key)))))

  /** The scores of one key and four rows, none for rows before the key. */
  const storePairs = (item: number): Body => {
    const key = ir.let_(`key${item}`, ir.add(ir.mul(columnGroup, lanes), item))
    const storeFour = (vector: number, four: Value): Body => {
      const register = ir.register(scores, vector * lanes + item)
      const score = ir.let_(
        `score${vector * lanes + item}`,
        decays && !scaled ? ir.mul(register, fadedBy(ir.ref(key), four)) : register,
      )
      const seen = ([0, 1, 2, 3] as const).map((lane) =>
        ir.select(ir.le(ir.ref(key), ir.add(ir.mul(four, lanes), lane)), ir.lane(ir.ref(score), lane), 0),
      ) as [Value, Value, Value, Value]
      return [score, ir.sharedStore(pairs, place(ir.ref(key), four), ir.vec4(...seen))]
    }
    return [key, eachFour(storeFour)]
  }

  /** The pairs of the chunk, each row seeing the keys up to its own. */
  const addPairs: Body = causal
    ? [
        ir.comment('pairs inside the chunk: key j for rows i ≥ j'),
        range(lanes).map(storePairs),
        ir.barrier,
        // Rows of a thread see no key behind the last of them.
        ir.for_(
          'j',
          0,
          ir.call('min', ir.ref(keys), ir.mul(ir.add(rowGroup, 1), vectors * lanes)),
          1,
          (j) => {
            const seen = range(vectors).map((vector) =>
              ir.let_(`pair${vector}`, ir.sharedLoad(pairs, place(j, rowVector(vector, vectors)))),
            )
            const row = ir.add(firstKeyRow, ir.ref(firstRow), j)
            const column = loadColumns('v', ir.mul(row, schedule.valueDim))
            return [seen, column.names, addWeighed(seen.map(ir.ref), undefined, column.numbers)]
          },
        ),
      ]
    : []

  const ofRows = range(vectors).map((vector) => ir.register(totals, vector))
  const mend = mending(schedule, pass, { binding, counts }, { firstRow: ir.ref(firstRow), totals: ofRows })
  const body = ir.block(
    divide(
      [
        ['valueTile', valueTiles(tile, schedule.valueDim)],
        ['rowTile', ir.div(ir.add(ir.shape('length'), tile.rows - 1), tile.rows)],
        ['headInGroup', headsOf(schedule.groups)],
      ],
      'slice',
    ),
    groupNames(counts, schedule.groups),
    decays ? logDecayName(binding('decay')) : [],
    threadNames(tile),
    columns.names,
    firstRow,
    decays ? faded : [],
    keys,
    state,
    sums,
    totals,
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
      totals: ofRows,
      out: binding('out'),
      firstRow: ir.ref(firstRow),
      ...(scaled ? { scales: scale.current } : {}),
    }),
    mend.body,
  )
  const what = causal
    ? 'Each row: φ(q)·S of the chunks before, plus the pairs of its own chunk, over φ(q)·z likewise.'
    : 'Each row: φ(q)·S over φ(q)·z.'
  return kernel(what, [...features.shared, ...(causal ? [pairs] : []), ...mend.shared], body)
}
