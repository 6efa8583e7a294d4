/**
 * Components of φ for the query rows and, where the attention is causal, the
 * key rows of one chunk, in shared memory by (component, row group); and the
 * scores that they add to.
 */
import type { FinishPass, Schedule, ScheduledBlock } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Binding, SharedArray, Statement, Value } from '../kernel.ts'
import { evaluateFeatures } from './features.ts'
import { firstKeyRow, firstQueryRow, visible } from './frame.ts'
import { headMaximum, queryRowMaximum } from './maxima-layout.ts'
import { widen } from './operators.ts'
import { columnGroup, lanes, place, range, rowGroup, side, tileArray, within } from './tile.ts'

export interface ChunkArrays {
  /** φ(q), or its exponents where sums are scaled. */
  readonly query: SharedArray
  readonly queryCoefficient: SharedArray
  readonly key: SharedArray
  readonly keyCoefficient: SharedArray
  /** Running scales of the features down the rows; then what weighs the state. */
  readonly scale: SharedArray
  /** Which of them weighs the state: `query`, or `scale` where sums are scaled. */
  readonly weight: SharedArray
}

export interface ChunkTile {
  readonly arrays: ChunkArrays
  /** Those that this pass needs. */
  readonly shared: readonly SharedArray[]
  /** Computes a tile of components from the block's `first` on. */
  readonly fill: (which: number, first: Value) => Body
  /** Adds the tile's part of φ(q_i)·φ(k_j) to the scores. */
  readonly score: (which: number, scores: Registers, count: Value, rowScale: Value) => Body
}

type Registers = Extract<Statement, { kind: 'registers' }>

export function chunkTile(
  schedule: Schedule,
  pass: FinishPass,
  binding: (name: string) => Binding,
  firstRow: Value,
): ChunkTile {
  const { tile, causal } = pass
  const scaled = pass.scaling === 'scaled'
  const items = tile.steps / side
  const array = (name: string): SharedArray => tileArray(name, tile.steps)
  const query = array('query')
  const scale = array('scale')
  const arrays: ChunkArrays = {
    query,
    queryCoefficient: array('queryCoefficient'),
    key: array('key'),
    keyCoefficient: array('keyCoefficient'),
    scale,
    weight: scaled ? scale : query,
  }
  const needed = [
    query,
    hasCoefficients(pass.query.blocks) ? arrays.queryCoefficient : undefined,
    causal ? arrays.key : undefined,
    causal && hasCoefficients(pass.key.blocks) ? arrays.keyCoefficient : undefined,
    scaled ? scale : undefined,
  ].filter((one) => one !== undefined)

  const withMaxima = pass.buffers.includes('maxima')
  const componentOf = (item: number): Value => ir.add(ir.mul(columnGroup, items), item)

  const fillSide = (
    block: ScheduledBlock,
    first: Value,
    which: 'query' | 'key',
    values: SharedArray,
    coefficients: SharedArray,
  ): Body => {
    const count = which === 'query' ? ir.shape('length') : visible
    const sequence = which === 'query' ? firstQueryRow : firstKeyRow
    const at = (lane: number): Value => within(ir.add(firstRow, ir.mul(rowGroup, lanes), lane), count)
    const maximum = (lane: number): Value =>
      which === 'query'
        ? ir.load(binding('maxima'), queryRowMaximum(ir.add(sequence, at(lane))))
        : headMaximum(binding('maxima'))
    const evaluated = evaluateFeatures({
      block,
      dim: schedule.dim,
      lanes: 'rows',
      items,
      rows: { buffer: binding(which === 'query' ? 'q' : 'k'), first: sequence, at, count },
      projection: block.projected ? binding('w') : undefined,
      component: (item) => ir.add(first, componentOf(item)),
      steps: tile.steps,
      ...(withMaxima ? { maximum } : {}),
      prefix: which === 'query' ? 'q' : 'k',
    })
    const put = (target: SharedArray, value: (item: number) => Value): Body =>
      range(items).map((item) => ir.sharedStore(target, place(componentOf(item), rowGroup), value(item)))
    /** Rows that are not there weigh nothing, whatever lies in memory where they would be. */
    const seen = (value: Value, absent: number): Value => {
      if (which === 'query') return widen(value)
      const row = (lane: number): Value => ir.add(firstRow, ir.mul(rowGroup, lanes), lane)
      const lanesOf = ([0, 1, 2, 3] as const).map((lane) =>
        ir.select(ir.lt(row(lane), visible), ir.lane(widen(value), lane), absent),
      ) as [Value, Value, Value, Value]
      return ir.vec4(...lanesOf)
    }
    const { coefficient } = evaluated
    return [
      evaluated.statements,
      scaled
        ? put(values, (item) => seen(evaluated.exponent(item), lowest))
        : put(values, (item) => seen(evaluated.value(item), 0)),
      coefficient === undefined ? [] : put(coefficients, (item) => seen(coefficient(item), 0)),
    ]
  }

  return {
    arrays,
    shared: needed,
    fill: (which, first) => {
      const queryBlock = pass.query.blocks[which]
      const keyBlock = pass.key.blocks[which]
      return [
        queryBlock === undefined ? [] : fillSide(queryBlock, first, 'query', query, arrays.queryCoefficient),
        !causal || keyBlock === undefined
          ? []
          : fillSide(keyBlock, first, 'key', arrays.key, arrays.keyCoefficient),
      ]
    },
    score: (which, scores, count, rowScale) =>
      ir.for_('f', 0, count, 1, (f) => {
        const q = ir.let_('ofQuery', ir.sharedLoad(query, place(f, rowGroup)))
        const k = ir.let_('ofKey', ir.sharedLoad(arrays.key, place(f, columnGroup)))
        const factors: Statement[] = []
        const coefficientOf = (
          blocks: readonly ScheduledBlock[],
          name: string,
          from: SharedArray,
          group: Value,
        ) => {
          if (!hasCoefficients(blocks.slice(which, which + 1))) return undefined
          const loaded = ir.let_(name, ir.sharedLoad(from, place(f, group)))
          factors.push(loaded)
          return ir.ref(loaded)
        }
        const qc = coefficientOf(pass.query.blocks, 'qc', arrays.queryCoefficient, rowGroup)
        const kc = coefficientOf(pass.key.blocks, 'kc', arrays.keyCoefficient, columnGroup)
        const term = (item: 0 | 1 | 2 | 3): Value => {
          const ofKey = ir.splat(ir.lane(ir.ref(k), item))
          if (!scaled) return ir.mul(ir.ref(q), ofKey)
          // Positive only for keys that the row does not see, whose scores are dropped.
          const exponent = ir.call('min', ir.add(ir.sub(ir.ref(q), rowScale), ofKey), 0)
          const power = ir.call('exp2', exponent)
          const withQuery = qc === undefined ? power : ir.mul(qc, power)
          return kc === undefined ? withQuery : ir.mul(withQuery, ir.splat(ir.lane(kc, item)))
        }
        return [
          q,
          k,
          factors,
          ([0, 1, 2, 3] as const).map((item) =>
            ir.assign(ir.register(scores, item), ir.add(ir.register(scores, item), term(item))),
          ),
        ]
      }),
  }
}

const hasCoefficients = (blocks: readonly ScheduledBlock[]): boolean =>
  blocks.some(({ term }) => term.kind === 'scaled' && term.coefficient !== undefined)
