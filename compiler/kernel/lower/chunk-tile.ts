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
import { exponentOf } from './exponents.ts'
import { prepareRows } from './features.ts'
import type { EvaluatedFeatures, FeatureRows, PreparedRows } from './features.ts'
import { firstKeyRow, firstQueryRow, logDecay, visible } from './frame.ts'
import { headMaximum, queryRowMaximum } from './maxima-layout.ts'
import { widen } from './operators.ts'
import { projectedOf } from './projected-layout.ts'
import { columnGroup, lanes, place, range, rowGroup, rowNumbers, side, tileArray, within } from './tile.ts'

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
  /** What depends on the rows alone, before any tile. */
  readonly names: Body
  /** Computes a tile of components from the block's `first` on. */
  readonly fill: (which: number, first: Value) => Body
  /** Adds component f's part of φ(q_i)·φ(k_j) to the scores; scaled sums are measured by the rows' scale. */
  readonly score: (
    which: number,
    scores: Registers,
    f: Value,
    known: { readonly query: Value } | { readonly rowScale: Value },
  ) => Body
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

  const decays = pass.buffers.includes('decay')
  const withMaxima = pass.buffers.includes('maxima')
  const componentOf = (item: number): Value => ir.add(ir.mul(columnGroup, items), item)

  const rowAt = (lane: number): Value => ir.add(firstRow, ir.mul(rowGroup, lanes), lane)

  const rowsOf = (side: 'query' | 'key'): FeatureRows => {
    const count = side === 'query' ? ir.shape('length') : visible
    const first = side === 'query' ? firstQueryRow : firstKeyRow
    const at = (lane: number): Value => within(rowAt(lane), count)
    const maximum = (lane: number): Value =>
      side === 'query'
        ? ir.load(binding('maxima'), queryRowMaximum(ir.add(first, at(lane))))
        : headMaximum(binding('maxima'))
    return {
      extent: 'lanes',
      each: lanes,
      buffer: binding(side === 'query' ? 'q' : 'k'),
      dim: schedule.dim,
      first,
      at,
      count,
      projected: projectedOf(schedule, pass, binding, side),
      ...(withMaxima ? { maximum } : {}),
      prefix: side === 'query' ? 'q' : 'k',
    }
  }

  /** Key rows that are not there bring no exponent, whatever lies in memory where they would be. */
  const ofVisible = (value: Value, absent: number): Value => {
    const at = (lane: 0 | 1 | 2 | 3): Value =>
      ir.select(ir.lt(rowAt(lane), visible), ir.lane(value, lane), absent)
    return ir.vec4(at(0), at(1), at(2), at(3))
  }

  const storeComponent = (
    side: 'query' | 'key',
    evaluated: EvaluatedFeatures,
    item: number,
    at: Value,
  ): Body => {
    const [values, coefficients] =
      side === 'query' ? [query, arrays.queryCoefficient] : [arrays.key, arrays.keyCoefficient]
    const target = place(at, rowGroup)
    // Unscaled scores of keys past the last are never read.
    if (!scaled) return ir.sharedStore(values, target, widen(evaluated.value(item)))
    const seen = (value: Value, absent: number): Value => (side === 'key' ? ofVisible(value, absent) : value)
    const { coefficient } = evaluated
    return [
      ir.sharedStore(values, target, seen(exponentOf(evaluated, item), lowest)),
      coefficient === undefined
        ? []
        : ir.sharedStore(coefficients, target, seen(widen(coefficient(item)), 0)),
    ]
  }

  const queryRows = prepareRows(rowsOf('query'), pass.query.blocks)
  const keyRows = causal ? prepareRows(rowsOf('key'), pass.key.blocks) : undefined

  const fillSide = (
    side: 'query' | 'key',
    prepared: PreparedRows,
    block: ScheduledBlock,
    first: Value,
  ): Body => {
    const evaluate = (each: number, at: (item: number) => Value): EvaluatedFeatures =>
      prepared.evaluate({
        block,
        each,
        at: (item) => ir.add(first, at(item)),
        steps: tile.steps,
        projection: block.projected ? binding('w') : undefined,
      })
    // Projections of several components share their loads; entries of a row share nothing.
    if (!block.projected)
      return ir.for_(`${side}Item`, 0, items, 1, (item) => {
        const at = ir.let_('at', ir.add(ir.mul(columnGroup, items), item))
        const evaluated = evaluate(1, () => ir.ref(at))
        return [at, evaluated.statements, storeComponent(side, evaluated, 0, ir.ref(at))]
      })
    const evaluated = evaluate(items, componentOf)
    return [
      evaluated.statements,
      range(items).map((item) => storeComponent(side, evaluated, item, componentOf(item))),
    ]
  }

  return {
    arrays,
    shared: needed,
    names: [queryRows.statements, keyRows?.statements ?? []],
    fill: (which, first) => {
      const queryBlock = pass.query.blocks[which]
      const keyBlock = pass.key.blocks[which]
      return [
        queryBlock === undefined ? [] : fillSide('query', queryRows, queryBlock, first),
        keyRows === undefined || keyBlock === undefined ? [] : fillSide('key', keyRows, keyBlock, first),
      ]
    },
    score: (which, scores, f, known) => {
      const ofQuery = ir.let_('ofQuery', ir.sharedLoad(query, place(f, rowGroup)))
      const q = 'query' in known ? known.query : ir.ref(ofQuery)
      const k = ir.let_('ofKey', ir.sharedLoad(arrays.key, place(f, columnGroup)))
      const factors: Statement[] = []
      const coefficientOf = (
        blocks: readonly ScheduledBlock[],
        name: string,
        from: SharedArray,
        group: Value,
      ): Value | undefined => {
        if (!hasCoefficients(blocks.slice(which, which + 1))) return undefined
        const loaded = ir.let_(name, ir.sharedLoad(from, place(f, group)))
        factors.push(loaded)
        return ir.ref(loaded)
      }
      const qc = coefficientOf(pass.query.blocks, 'qc', arrays.queryCoefficient, rowGroup)
      const kc = coefficientOf(pass.key.blocks, 'kc', arrays.keyCoefficient, columnGroup)
      const term = (item: 0 | 1 | 2 | 3): Value => {
        const ofKey = ir.splat(ir.lane(ir.ref(k), item))
        if ('query' in known) return ir.mul(q, ofKey)
        // Positive only for keys that the row does not see, whose scores are dropped.
        const key = ir.convert('f32', ir.add(ir.mul(columnGroup, lanes), item))
        const since = ir.mul(ir.splat(logDecay), ir.sub(rowNumbers(0), ir.splat(key)))
        const both = ir.add(ir.sub(q, known.rowScale), ofKey)
        const exponent = ir.call('min', decays ? ir.add(both, since) : both, 0)
        const power = ir.call('exp2', exponent)
        const withQuery = qc === undefined ? power : ir.mul(qc, power)
        return kc === undefined ? withQuery : ir.mul(withQuery, ir.splat(ir.lane(kc, item)))
      }
      return [
        'query' in known ? [] : ofQuery,
        k,
        factors,
        ([0, 1, 2, 3] as const).map((item) =>
          ir.assign(ir.register(scores, item), ir.add(ir.register(scores, item), term(item))),
        ),
      ]
    },
  }
}

const hasCoefficients = (blocks: readonly ScheduledBlock[]): boolean =>
  blocks.some(({ term }) => term.kind === 'scaled' && term.coefficient !== undefined)
