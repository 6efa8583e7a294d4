/**
 * Components of φ for the query rows and, where the attention is causal, the
 * key rows of one chunk, in shared memory by (component, row group); and the
 * scores that they add to.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import type { FinishPass, Schedule, ScheduledBlock } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { lowest } from '../kernel.ts'
import type { SharedArray, Statement, Value } from '../kernel.ts'
import { exponentOf } from './exponents.ts'
import { prepareRows } from './features.ts'
import type { EvaluatedFeatures, FeatureRows, PreparedRows } from './features.ts'
import { countedOf, firstKeyRow, firstQueryRow, logDecay, visible } from './frame.ts'
import type { Frame } from './frame.ts'
import { headMaximum, queryRowMaximum } from './maxima-layout.ts'
import { widen } from './operators.ts'
import { projectedOf } from './projected-layout.ts'
import {
  columnGroup,
  lanes,
  place,
  range,
  rowNumbers,
  rowVector,
  side,
  tileArray,
  vectorsOf,
  within,
} from './tile.ts'

/** Shared arrays of one tile of components, each a vec4f of four rows by (component, row group). */
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

/**
 * A chunk's features, tile by tile: the arrays that hold them, the code that fills the arrays, and the code
 * that adds to the scores.
 */
export interface ChunkTile {
  readonly arrays: ChunkArrays
  /** Those that this pass needs. */
  readonly shared: readonly SharedArray[]
  /** What depends on the rows alone, before any tile. */
  readonly names: Body
  /** Computes a tile of components from the block's `first` on. */
  readonly fill: (which: number, first: Value) => Body
  /**
   * Adds component f's part of φ(q_i)·φ(k_j) to the scores, in fours of rows by keys; scaled sums are measured
   * by the rows' scales. What is known is so for each four of a thread's rows.
   */
  readonly score: (
    which: number,
    scores: Registers,
    f: Value,
    known: { readonly query: readonly Value[] } | { readonly rowScale: readonly Value[] },
  ) => Body
}

type Registers = Extract<Statement, { kind: 'registers' }>
type Named = Extract<Statement, { kind: 'let' }>

/**
 * Builds the code that evaluates φ on the query rows of a chunk, and on its key rows where the attention is
 * causal.
 */
export function chunkTile(
  schedule: Schedule,
  pass: FinishPass,
  { binding, counts }: Pick<Frame, 'binding' | 'counts'>,
  firstRow: Value,
): ChunkTile {
  const { tile, causal } = pass
  const scaled = pass.scaling === 'scaled'
  const vectors = vectorsOf(tile, tile.rows)
  // What fills the arrays: a thread has four rows of its own, and every so many-th component.
  const strides = tile.threads / side
  const items = tile.steps / strides
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
  const fillRows = ir.let_('fillRows', ir.div(ir.thread, strides))
  const fillColumn = ir.let_('fillColumn', ir.mod(ir.thread, strides))
  const componentOf = (item: number): Value => ir.add(ir.ref(fillColumn), item * strides)

  const rowAt = (four: Value, lane: number): Value => ir.add(firstRow, ir.mul(four, lanes), lane)

  const rowsOf = (side: 'query' | 'key', four: Value): FeatureRows => {
    const there = side === 'query' ? ir.shape('length') : visible
    const first = side === 'query' ? firstQueryRow : firstKeyRow
    const at = (lane: number): Value => within(rowAt(four, lane), there)
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
      count: side === 'query' ? countedOf(counts) : visible,
      projected: projectedOf(schedule, pass, binding, side),
      ...(withMaxima ? { maximum } : {}),
      prefix: side === 'query' ? 'q' : 'k',
    }
  }

  /** Key rows that are not there bring no exponent, whatever lies in memory where they would be. */
  const ofVisible = (four: Value, value: Value, absent: number): Value => {
    const at = (lane: 0 | 1 | 2 | 3): Value =>
      ir.select(ir.lt(rowAt(four, lane), visible), ir.lane(value, lane), absent)
    return ir.vec4(at(0), at(1), at(2), at(3))
  }

  const storeComponent = (
    side: 'query' | 'key',
    evaluated: EvaluatedFeatures,
    item: number,
    at: Value,
    four: Value,
  ): Body => {
    const [values, coefficients] =
      side === 'query' ? [query, arrays.queryCoefficient] : [arrays.key, arrays.keyCoefficient]
    const target = place(at, four)
    // Unscaled scores of keys past the last are never read.
    if (!scaled) return ir.sharedStore(values, target, widen(evaluated.value(item)))
    const seen = (value: Value, absent: number): Value =>
      side === 'key' ? ofVisible(four, value, absent) : value
    const { coefficient } = evaluated
    return [
      ir.sharedStore(values, target, seen(exponentOf(evaluated, item), lowest)),
      coefficient === undefined
        ? []
        : ir.sharedStore(coefficients, target, seen(widen(coefficient(item)), 0)),
    ]
  }

  const prepare = (side: 'query' | 'key', blocks: readonly ScheduledBlock[], four: Value): PreparedRows =>
    prepareRows(rowsOf(side, four), blocks)
  const ownRows = {
    query: prepare('query', pass.query.blocks, ir.ref(fillRows)),
    key: causal ? prepare('key', pass.key.blocks, ir.ref(fillRows)) : undefined,
  }
  /** Whether a thread has rows of its own for all components, since something is computed once for them. */
  const keepsRows = (block: ScheduledBlock, { shares }: PreparedRows): boolean => block.projected || shares
  const names = (['query', 'key'] as const).map((side): Body => {
    const own = ownRows[side]
    const kept = own !== undefined && pass[side].blocks.some((block) => keepsRows(block, own))
    return kept ? own.statements : []
  })

  const fillSide = (side: 'query' | 'key', block: ScheduledBlock | undefined, first: Value): Body => {
    const own = ownRows[side]
    if (own === undefined || block === undefined) return []
    const evaluate = (rows: PreparedRows, each: number, at: (item: number) => Value): EvaluatedFeatures =>
      rows.evaluate({
        block,
        each,
        at: (item) => ir.add(first, at(item)),
        steps: tile.steps,
        projection: block.projected ? binding('w') : undefined,
      })
    // Projections of several components share their loads.
    if (block.projected) {
      const evaluated = evaluate(own, items, componentOf)
      return [
        evaluated.statements,
        range(items).map((item) =>
          storeComponent(side, evaluated, item, componentOf(item), ir.ref(fillRows)),
        ),
      ]
    }
    if (own.shares)
      return ir.for_(`${side}Item`, ir.ref(fillColumn), tile.steps, strides, (component) => {
        const evaluated = evaluate(own, 1, () => component)
        return [evaluated.statements, storeComponent(side, evaluated, 0, component, ir.ref(fillRows))]
      })
    // Where nothing is shared, neighbouring threads read neighbouring entries of the same rows.
    return ir.for_(`${side}Item`, ir.thread, (tile.steps * tile.rows) / lanes, tile.threads, (item) => {
      const component = ir.let_(`${side}Component`, ir.mod(item, tile.steps))
      const four = ir.let_(`${side}Four`, ir.div(item, tile.steps))
      const rows = prepare(side, [block], ir.ref(four))
      const evaluated = evaluate(rows, 1, () => ir.ref(component))
      return [
        [component, four, rows.statements, evaluated.statements],
        storeComponent(side, evaluated, 0, ir.ref(component), ir.ref(four)),
      ]
    })
  }

  return {
    arrays,
    shared: needed,
    names: ir.block(names).length === 0 ? [] : [fillRows, fillColumn, names],
    fill: (which, first) => [
      fillSide('query', pass.query.blocks[which], first),
      fillSide('key', pass.key.blocks[which], first),
    ],
    score: (which, scores, f, known) => {
      const k = ir.let_('ofKey', ir.sharedLoad(arrays.key, place(f, columnGroup)))
      const coefficientOf = (
        blocks: readonly ScheduledBlock[],
        name: string,
        from: SharedArray,
        group: Value,
      ): Named | undefined =>
        hasCoefficients(blocks.slice(which, which + 1))
          ? ir.let_(name, ir.sharedLoad(from, place(f, group)))
          : undefined
      const kc = coefficientOf(pass.key.blocks, 'kc', arrays.keyCoefficient, columnGroup)

      const ofRows = (vector: number): Body => {
        const four = rowVector(vector, vectors)
        const q = ir.let_(`ofQuery${vector}`, ir.sharedLoad(query, place(f, four)))
        const qc = coefficientOf(pass.query.blocks, `qc${vector}`, arrays.queryCoefficient, four)
        const term = (item: 0 | 1 | 2 | 3): Value => {
          const ofKey = ir.splat(ir.lane(ir.ref(k), item))
          if ('query' in known) return ir.mul(nth(known.query, vector), ofKey)
          // Positive only for keys that the row does not see, whose scores are dropped.
          const key = ir.convert('f32', ir.add(ir.mul(columnGroup, lanes), item))
          const since = ir.mul(ir.splat(logDecay), ir.sub(rowNumbers(0, four), ir.splat(key)))
          const both = ir.add(ir.sub(ir.ref(q), nth(known.rowScale, vector)), ofKey)
          const exponent = ir.call('min', decays ? ir.add(both, since) : both, 0)
          const power = ir.call('exp2', exponent)
          const withQuery = qc === undefined ? power : ir.mul(ir.ref(qc), power)
          return kc === undefined ? withQuery : ir.mul(withQuery, ir.splat(ir.lane(ir.ref(kc), item)))
        }
        return [
          'query' in known ? [] : q,
          qc ?? [],
          ([0, 1, 2, 3] as const).map((item) => {
            const score = ir.register(scores, vector * lanes + item)
            return ir.assign(score, ir.add(score, term(item)))
          }),
        ]
      }
      return [k, kc ?? [], range(vectors).map(ofRows)]
    },
  }
}

function nth(values: readonly Value[], vector: number): Value {
  const value = values[vector]
  invariant(value !== undefined, 'each four of rows has a value')
  return value
}

const hasCoefficients = (blocks: readonly ScheduledBlock[]): boolean =>
  blocks.some(({ term }) => term.kind === 'scaled' && term.coefficient !== undefined)
