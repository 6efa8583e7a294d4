/**
 * Components of φ for the query rows and, where the attention is causal, the
 * key rows of one chunk, in shared memory by (component, row group).
 */
import type { ScheduledBlock } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Value } from '../kernel.ts'
import type { Chunk } from './chunk.ts'
import { exponentOf } from './exponents.ts'
import { prepareRows } from './features.ts'
import type { EvaluatedFeatures, FeatureRows, PreparedRows } from './features.ts'
import { countedOf, u32Name, visible } from './frame.ts'
import { headMaximum, queryRowMaximum } from './maxima-layout.ts'
import { widen } from './operators.ts'
import { projectedOf } from './projected-layout.ts'
import { rowsOfCall } from './row-places.ts'
import { inLanes, lanes, place, range, side as groupsOfTile, within } from './tile.ts'

/** The rows of a chunk whose features are evaluated. */
type Side = 'query' | 'key'
/** The row group of which a thread fills components, and the first of these; declared where a thread keeps its rows. */
const [fillRows, fillColumn] = [u32Name('fillRows'), u32Name('fillColumn')]

/** Evaluates φ on the rows of a chunk, tile by tile. */
export class ChunkFeatures {
  readonly #chunk: Chunk
  /** Threads that share a row group: a thread has every so many-th component. */
  readonly #stride: number
  readonly #own: { readonly query: PreparedRows; readonly key: PreparedRows | undefined }

  /** Declares what depends on the rows alone, before any tile. */
  constructor(k: Author, chunk: Chunk) {
    this.#chunk = chunk
    const { pass } = chunk
    this.#stride = pass.tile.threads / groupsOfTile
    this.#own = {
      query: prepare(chunk, 'query', pass.query.blocks, fillRows),
      key: pass.causal ? prepare(chunk, 'key', pass.key.blocks, fillRows) : undefined,
    }
    const kept = (['query', 'key'] as const).flatMap((side) => {
      const own = this.#own[side]
      const keeps = own !== undefined && (own.shares || pass[side].blocks.some((block) => block.projected))
      return keeps ? ir.block(own.statements) : []
    })
    if (kept.length === 0) return
    k.let('fillRows', ir.div(ir.thread, this.#stride))
    k.let('fillColumn', ir.mod(ir.thread, this.#stride))
    k.use(kept)
  }

  /** Computes the tile of components from `first` of a block on. */
  fill(k: Author, block: number, first: Value): void {
    const { query, key } = this.#chunk.pass
    this.#fill(k, 'query', query.blocks[block], first)
    this.#fill(k, 'key', key.blocks[block], first)
  }

  #fill(k: Author, side: Side, block: ScheduledBlock | undefined, first: Value): void {
    const own = this.#own[side]
    if (own === undefined || block === undefined) return
    if (block.projected) this.#fillProjected(k, side, own, block, first)
    else if (own.shares) this.#fillKept(k, side, own, block, first)
    else this.#fillAny(k, side, block, first)
  }

  /** Projections of several components share their loads. */
  #fillProjected(k: Author, side: Side, own: PreparedRows, block: ScheduledBlock, first: Value): void {
    const items = range(this.#chunk.pass.tile.steps / this.#stride)
    const components = items.map((item) => ir.add(fillColumn, item * this.#stride))
    const evaluated = this.#evaluate(k, own, block, first, components)
    components.forEach((component, item) => this.#store(k, side, evaluated, item, component, fillRows))
  }

  /** A thread keeps its rows, because something is computed once for all their components. */
  #fillKept(k: Author, side: Side, own: PreparedRows, block: ScheduledBlock, first: Value): void {
    k.strided(`${side}Item`, fillColumn, this.#chunk.pass.tile.steps, this.#stride, (component) => {
      const evaluated = this.#evaluate(k, own, block, first, [component])
      this.#store(k, side, evaluated, 0, component, fillRows)
    })
  }

  /** Nothing is shared: neighbouring threads read neighbouring entries of the same rows. */
  #fillAny(k: Author, side: Side, block: ScheduledBlock, first: Value): void {
    const { tile } = this.#chunk.pass
    k.strided(`${side}Item`, ir.thread, (tile.steps * tile.rows) / lanes, tile.threads, (item) => {
      const component = k.let(`${side}Component`, ir.mod(item, tile.steps))
      const group = k.let(`${side}Four`, ir.div(item, tile.steps))
      const rows = prepare(this.#chunk, side, [block], group)
      k.use(rows.statements)
      this.#store(k, side, this.#evaluate(k, rows, block, first, [component]), 0, component, group)
    })
  }

  #evaluate(
    k: Author,
    rows: PreparedRows,
    block: ScheduledBlock,
    first: Value,
    components: readonly Value[],
  ): EvaluatedFeatures {
    const { pass, binding } = this.#chunk
    const evaluated = rows.evaluate({
      block,
      each: components.length,
      at: (item) => ir.add(first, components[item] ?? 0),
      steps: pass.tile.steps,
      projection: block.projected ? binding('w') : undefined,
    })
    k.use(evaluated.statements)
    return evaluated
  }

  #store(
    k: Author,
    side: Side,
    evaluated: EvaluatedFeatures,
    item: number,
    component: Value,
    group: Value,
  ): void {
    const { arrays, scaled, firstRow } = this.#chunk
    const [values, coefficients] =
      side === 'query' ? [arrays.query, arrays.queryCoefficient] : [arrays.key, arrays.keyCoefficient]
    const at = place(component, group)
    if (!scaled) {
      // Scores of keys past the last are never read.
      k.sharedStore(values, at, widen(evaluated.value(item)))
      return
    }
    // Key rows past the last bring no exponent, whatever lies in memory in their place.
    const seen = (value: Value, absent: number): Value =>
      side === 'query'
        ? value
        : inLanes((lane) =>
            ir.select(ir.lt(rowOf(firstRow, group, lane), visible), ir.lane(value, lane), absent),
          )
    k.sharedStore(values, at, seen(exponentOf(evaluated, item), lowest))
    if (evaluated.coefficient !== undefined)
      k.sharedStore(coefficients, at, seen(widen(evaluated.coefficient(item)), 0))
  }
}

const prepare = (chunk: Chunk, side: Side, blocks: readonly ScheduledBlock[], group: Value): PreparedRows =>
  prepareRows(rowsOf(chunk, side, group), blocks)

/** The four rows of a row group of the chunk. */
function rowsOf(chunk: Chunk, side: Side, group: Value): FeatureRows {
  const { schedule, pass, binding, counts, maxima, firstRow } = chunk
  const ofQuery = side === 'query'
  const at = (lane: number): Value =>
    within(rowOf(firstRow, group, lane), ofQuery ? ir.shape('length') : visible)
  return {
    extent: 'lanes',
    each: lanes,
    buffer: binding(ofQuery ? 'q' : 'k'),
    dim: schedule.dim,
    places: rowsOfCall(side, schedule.dim),
    at,
    count: ofQuery ? countedOf(counts) : visible,
    projected: projectedOf(schedule, pass, binding, side),
    ...(maxima && {
      maximum: (lane: number) => (ofQuery ? ir.load(maxima, queryRowMaximum(at(lane))) : headMaximum(maxima)),
    }),
    prefix: ofQuery ? 'q' : 'k',
  }
}

const rowOf = (firstRow: Value, group: Value, lane: number): Value =>
  ir.add(firstRow, ir.mul(group, lanes), lane)
