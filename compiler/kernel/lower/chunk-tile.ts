/**
 * Components of φ for the query rows and, where the attention is causal, the key rows of one chunk, in registers: a
 * thread has its rows by four components of the tile.
 */
import type { ScheduledBlock } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Author, Name } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Value } from '../kernel.ts'
import { componentOf, depth, hasCoefficient, itemsOf, rowFours, vectors } from './chunk.ts'
import type { Chunk, FeatureTile } from './chunk.ts'
import { exponentOf } from './exponents.ts'
import { prepareRows } from './features.ts'
import type { EvaluatedFeatures, PreparedRows } from './features.ts'
import { countedOf, positionsBy, visible } from './frame.ts'
import { headMaximum, queryRowMaximum } from './maxima-layout.ts'
import { widen } from './operators.ts'
import { unitOf } from './panel.ts'
import type { Four } from './panel.ts'
import { evaluateProjected } from './projected-tile.ts'
import { projectedOf } from './projected-layout.ts'
import { rowsOfCall, rowsTogether } from './row-places.ts'
import { across, columnGroup, fourFrom, lanes, nth, rowNumbers, split, within } from './tile.ts'
import { fourOf } from './score-layout.ts'

/** The rows of a chunk whose features are evaluated. */
type Side = 'query' | 'key'

/** φ of a thread's rows and components, by vector and item. */
export interface Numbers {
  /** Values, or exponents as of the chunk's first row. */
  readonly values: readonly (readonly Value[])[]
  readonly coefficients: readonly (readonly Value[])[] | undefined
}

/** φ of both sides; of keys where the attention is causal. */
export interface ChunkNumbers {
  readonly query: Numbers
  readonly key: Numbers | undefined
}

/** Evaluates φ on the rows of a chunk, tile by tile. */
export class ChunkFeatures {
  readonly #chunk: Chunk
  readonly #own: { readonly query: readonly PreparedRows[]; readonly key: readonly PreparedRows[] }

  /** Declares what depends on the rows alone, before any tile. */
  constructor(k: Author, chunk: Chunk) {
    this.#chunk = chunk
    const { pass } = chunk
    const prepared = (side: Side): readonly PreparedRows[] => {
      const blocks = pass[side].blocks.filter(({ projected }) => !projected)
      return blocks.length === 0
        ? []
        : rowFours().map((four, vector) => prepare(chunk, side, blocks, four, vector))
    }
    this.#own = { query: prepared('query'), key: pass.causal ? prepared('key') : [] }
    for (const rows of [...this.#own.query, ...this.#own.key]) k.use(rows.statements)
  }

  /** Evaluates a tile of components. */
  evaluate(k: Author, { block, component }: FeatureTile): ChunkNumbers {
    const { query, key } = this.#chunk.pass
    return {
      query: this.#numbers(k, 'query', nth(query.blocks, block), component),
      key: this.#chunk.pass.causal ? this.#numbers(k, 'key', nth(key.blocks, block), component) : undefined,
    }
  }

  /** Both sides are computed alike, in a block each, which leaves its numbers in variables. */
  #numbers(k: Author, side: Side, block: ScheduledBlock, first: Value): Numbers {
    const { pass, scaled } = this.#chunk
    const name = side === 'query' ? 'ofQuery' : 'ofKey'
    const declared = (word: string): readonly (readonly Name[])[] =>
      split(k.registers(word, 'vec4f', vectors * itemsOf(pass.tile)), vectors)
    const values = declared(name)
    const coefficients = scaled && hasCoefficient(block) ? declared(`${name}Coefficient`) : undefined
    k.block(() => {
      const evaluated = block.projected
        ? this.#project(k, side, block, first)
        : this.#compute(k, side, block, first)
      const set = (names: typeof values, make: (vector: number, item: number) => Value): void =>
        names.forEach((ofVector, vector) =>
          ofVector.forEach((number, item) => k.set(number, make(vector, item))),
        )
      const of = (vector: number): EvaluatedFeatures => nth(evaluated, vector)
      set(values, (vector, item) =>
        scaled ? this.#exponent(side, of(vector), vector, item) : widen(of(vector).value(item)),
      )
      if (coefficients !== undefined)
        set(coefficients, (vector, item) => widen(of(vector).coefficient?.(item) ?? ir.f32(1)))
    })
    return { values, coefficients }
  }

  /** An exponent as of the chunk's first row. Keys past the last bring none, whatever lies in memory in their place. */
  #exponent(side: Side, evaluated: EvaluatedFeatures, vector: number, item: number): Value {
    const { action, firstNumber, keyCount } = this.#chunk
    const four = fourOf(nth(rowFours(), vector))
    const exponent = exponentOf(evaluated, item)
    const since = action.after(rowNumbers(0, four))
    if (side === 'query') return since.lower(exponent)
    const rows = fourFrom(firstNumber, vector * lanes + 1)
    return ir.call('atMost', rows, ir.splat(keyCount), since.raise(exponent), ir.splat(lowest))
  }

  #project(k: Author, side: Side, block: ScheduledBlock, first: Value): readonly EvaluatedFeatures[] {
    const { pass, schedule, binding, layout, firstRow } = this.#chunk
    const { buffer, rows, count, maximum } = rowsOf(this.#chunk, side)
    const width = schedule.dim / unitOf(schedule.dim)
    const threads = across(pass.tile)
    return evaluateProjected(k, {
      block,
      threads: pass.tile.threads,
      width: schedule.dim,
      depth,
      rows: {
        fours: rowFours(),
        filling: {
          panel: layout.rows,
          buffer: binding(buffer),
          places: rowsOfCall(side, width),
          last: k.let('lastRow', ir.sub(ir.call('max', rows, 1), 1)),
          rowAt: (four, lane) => rowOf(firstRow, four, lane),
        },
      },
      projections: {
        fours: [{ of: columnGroup, more: 0 }],
        filling: {
          panel: layout.projections,
          buffer: binding('w'),
          places: rowsTogether(ir.u32(0), width),
          last: ir.u32(block.size - 1),
          rowAt: (four, lane) => ir.add(first, four, lane * threads),
        },
      },
      inLanes: 'rows',
      length: count,
      position: positionsBy(this.#chunk.counts),
      maximum,
      prefix: 'x',
    })
  }

  #compute(k: Author, side: Side, block: ScheduledBlock, first: Value): readonly EvaluatedFeatures[] {
    const { pass } = this.#chunk
    return this.#own[side].map((rows) => {
      const evaluated = rows.evaluate({
        block,
        each: itemsOf(pass.tile),
        at: (item) => ir.add(first, componentOf(pass, item)),
        steps: pass.tile.steps,
        projection: undefined,
      })
      k.use(evaluated.statements)
      return evaluated
    })
  }
}

/** A side's rows in the buffers of the call. */
function rowsOf(
  { counts, maxima }: Chunk,
  side: Side,
): {
  readonly buffer: string
  /** How many rows there are, and how many φ counts. */
  readonly rows: Value
  readonly count: Value
  readonly maximum: ((row: Value) => Value) | undefined
} {
  if (side === 'key')
    return {
      buffer: 'k',
      rows: visible,
      count: visible,
      maximum: maxima && ((): Value => headMaximum(maxima)),
    }
  return {
    buffer: 'q',
    rows: ir.shape('length'),
    count: countedOf(counts),
    maximum: maxima && ((row): Value => ir.load(maxima, queryRowMaximum(row))),
  }
}

/** Four rows of the thread. */
function prepare(
  chunk: Chunk,
  side: Side,
  blocks: readonly ScheduledBlock[],
  four: Four,
  vector: number,
): PreparedRows {
  const { schedule, pass, binding, firstRow } = chunk
  const { buffer, rows, count, maximum } = rowsOf(chunk, side)
  const at = (lane: number): Value => within(rowOf(firstRow, fourOf(four), lane), rows)
  return prepareRows(
    {
      extent: 'lanes',
      each: lanes,
      buffer: binding(buffer),
      dim: schedule.dim,
      places: rowsOfCall(side, schedule.dim),
      at,
      position: positionsBy(chunk.counts),
      count,
      projected: projectedOf(schedule, pass, binding, side),
      ...(maximum && { maximum: (lane: number) => maximum(at(lane)) }),
      prefix: `${side === 'query' ? 'q' : 'k'}${vector}`,
    },
    blocks,
  )
}

const rowOf = (firstRow: Value, four: Value, lane: number): Value =>
  ir.add(firstRow, ir.mul(four, lanes), lane)
