/**
 * Near: one workgroup takes 32 rows of a chunk of the sorted sequence and a tile
 * of value columns through the rows of the chunk and of the one before it, 32 at
 * a time. As in `online.ts` the sums shrink when the scale grows; rows are found
 * through the order, and keys are queries over their norms.
 */
import type { NearPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Binding, Kernel, Value } from '../kernel.ts'
import { unlessZero } from './exponents.ts'
import { expressionsOf } from './features.ts'
import { frame, u32Name, visible } from './frame.ts'
import type { Frame } from './frame.ts'
import { widen } from './operators.ts'
import { evaluatePairs } from './pairs.ts'
import type { Row } from './pairs.ts'
import { storeRows } from './readout.ts'
import { rowStart, rowsOfCall } from './row-places.ts'
import { headNames, sliceQueryHead } from './rows.ts'
import { keyAt, loadScores, scoreTile, storeScores, storeWeights } from './score-tile.ts'
import type { AttendedRows, ScoreTile } from './score-tile.ts'
import { firstOfRound } from './sort.ts'
import { contract } from './tile-product.ts'
import {
  columnGroup,
  declareColumns,
  eachLane,
  extent,
  fourLanes,
  inLanes,
  lanes,
  nth,
  range,
  rowGroup,
  threadNames,
  valueTiles,
  within,
} from './tile.ts'
import type { Columns, Lane } from './tile.ts'
import { maskShows } from './visibility.ts'

/**
 * The kernel of bucketed attention: in every round a row meets the rows of its own chunk of the order and of the
 * chunk before, which leaves a numerator, a denominator and a scale.
 */
export function lowerNear(schedule: Schedule, pass: NearPass): Kernel {
  const { tile, rounds, chunk, valueDim } = pass
  const frameOfPass = frame(schedule, pass)
  const scores = scoreTile(tile.steps)
  const tiles = [
    ['valueTile', valueTiles(tile, valueDim)],
    ['rowTile', Math.ceil(chunk / tile.rows)],
    ['part', ir.div(ir.add(ir.shape('length'), chunk - 1), chunk)],
    ['round', rounds],
  ] as const

  const body = record((k) => {
    k.use(headNames('sliceQueryHead', tiles, frameOfPass.counts), threadNames(tile))
    const columns = declareColumns(k, tile, valueDim)
    // Places in the order: of the chunk, of the tile's first row, behind the chunk, and of the first key.
    const chunkStart = k.let('chunkStart', ir.mul(u32Name('part'), chunk))
    const firstRow = k.let('firstRow', ir.add(chunkStart, ir.mul(u32Name('rowTile'), tile.rows)))
    const end = k.let('end', ir.call('min', ir.add(chunkStart, chunk), visible))
    k.if(ir.lt(firstRow, end), () => {
      const firstKey = k.let('firstPlace', ir.sub(chunkStart, ir.call('min', chunkStart, chunk)))
      const sorted = new SortedRows(k, frameOfPass, { end, rounds, dim: schedule.dim })
      const queries = sorted.declare(k, 'query', (lane) => ir.add(firstRow, ir.mul(rowGroup, lanes), lane))
      const queryStarts = sorted.starts(k, 'queryRow', queries)
      const rows = {
        sums: k.registers('sums', 'vec4f', columns.count),
        total: k.var('total', ir.splat(0)),
        scale: k.var('rowScale', ir.splat(lowest)),
      }
      const near: Near = {
        pass,
        frame: frameOfPass,
        columns,
        scores,
        sorted,
        end,
        queries,
        queryStarts,
        rows,
      }
      k.strided('from', firstKey, end, tile.steps, (from) => attendTile(k, near, from))
      storeRound(k, near, firstRow)
    })
  })
  const summary = 'Each row of a round: Σ κ(q, k) v and Σ κ(q, k) over the rows sorted near it.'
  return frameOfPass.kernel(summary, [scores.exponents, scores.pairs], body)
}

/** Rows of the sequence by their place in the order of a round. */
class SortedRows {
  readonly #order: Binding
  readonly #first: Value
  readonly #end: Value
  readonly #dim: number

  /** @param end past the last place whose row may be asked for */
  constructor(
    k: Author,
    { binding }: Frame,
    { end, rounds, dim }: { readonly end: Value; readonly rounds: number; readonly dim: number },
  ) {
    this.#order = binding('order')
    this.#first = k.let('order0', firstOfRound(rounds, u32Name('round')))
    this.#end = end
    this.#dim = dim
  }

  /** The row at a place. */
  at(place: Value): Value {
    return ir.load(this.#order, ir.add(this.#first, place))
  }

  /** Declares the rows at four places. */
  declare(k: Author, word: string, place: (which: Lane) => Value): readonly Value[] {
    return eachLane((which) => k.let(`${word}${which}`, this.at(within(place(which), this.#end))))
  }

  /** Declares where rows start in `q`. */
  starts(k: Author, word: string, rows: readonly Value[]): readonly Value[] {
    const places = rowsOfCall('query', this.#dim)
    return rows.map((row, which) => k.let(`${word}${which}`, rowStart(places, row)))
  }
}

/** The operands of a workgroup, and its sums over them. */
interface Near {
  readonly pass: NearPass
  readonly frame: Frame
  readonly columns: Columns
  readonly scores: ScoreTile
  readonly sorted: SortedRows
  /** Past the last place of the chunk. */
  readonly end: Value
  /** The query row of each lane, and where it starts. */
  readonly queries: readonly Value[]
  readonly queryStarts: readonly Value[]
  readonly rows: AttendedRows & { readonly scale: NonNullable<AttendedRows['scale']> }
}

/** Adds the tile of keys at the places from `from` on to the sums of the rows. */
function attendTile(k: Author, near: Near, from: Value): void {
  const { pass, frame, columns, scores, sorted, end, queries, rows } = near
  const { self, mask, tile, valueDim } = pass
  const count = k.let('here', extent(from, end, tile.steps))
  const keys = sorted.declare(k, 'key', (item) => keyAt(from, item))
  const { exponent, coefficient } = evaluateScores(k, near, keys)
  const isSelf = (item: number, lane: Lane): Value => ir.eq(nth(keys, item), nth(queries, lane))
  const exponents = fourLanes.map((item) =>
    k.let(
      `exponent${item}`,
      inLanes((lane) => {
        const key = nth(keys, item)
        const seen = ir.and(ir.lt(keyAt(from, item), end), maskShows(mask, nth(queries, lane), key))
        return ir.select(seen, ir.select(isSelf(item, lane), self, ir.lane(exponent(item), lane)), lowest)
      }),
    ),
  )
  storeScores(k, scores.exponents, exponents)
  k.barrier()
  storeWeights(k, scores, rows, count, exponents, (item, lane, power) =>
    coefficient === undefined
      ? ir.lane(power, lane)
      : ir.mul(ir.select(isSelf(item, lane), 1, ir.lane(coefficient(item), lane)), ir.lane(power, lane)),
  )
  k.barrier()
  // The next tile's exponents and a barrier come before anything is stored where this one reads.
  contract(k, 'j', count, [rows], (j) => {
    const pair = k.let('pair', loadScores(scores.pairs, j))
    const row = sorted.at(ir.add(from, j))
    const start = k.let('valueRow', rowStart(rowsOfCall('key', valueDim), row))
    const entries = range(columns.count).map((column) =>
      ir.load(frame.binding('v'), ir.add(start, columns.at(column))),
    )
    return { weights: [pair], entries }
  })
}

/** The exponents of κ of the thread's rows and keys, and its coefficients unless these are 1, by key. */
function evaluateScores(
  k: Author,
  { pass, frame, sorted, queryStarts }: Near,
  keys: readonly Value[],
): {
  readonly exponent: (item: number) => Value
  readonly coefficient: ((item: number) => Value) | undefined
} {
  const keyStarts = sorted.starts(k, 'keyRow', keys)
  const norms = keys.map((key, item) =>
    k.let(
      `inverseNorm${item}`,
      ir.load(frame.binding('inverseNorms'), ir.add(ir.mul(sliceQueryHead, ir.shape('length')), key)),
    ),
  )
  const entry = (start: Value, index: Value): Value => ir.load(frame.binding('q'), ir.add(start, index))
  const rows: Record<string, Row> = {
    q: { extent: 'lanes', load: (which, index) => entry(nth(queryStarts, which), index) },
    k: {
      extent: 'items',
      load: (which, index) => ir.mul(entry(nth(keyStarts, which), index), nth(norms, which)),
    },
  }
  const term = pass.kernel
  const expressions = expressionsOf({ term })
  const evaluated = evaluatePairs(expressions, { items: lanes, rows, scalars: {}, prefix: 'pair' })
  k.use(evaluated.statements)
  const value = (item: number): Value => widen(evaluated.value(0, item))
  if (term.coefficient === undefined) return { exponent: value, coefficient: undefined }
  const coefficient = (item: number): Value => widen(evaluated.value(1, item))
  return { exponent: (item) => unlessZero(value(item), coefficient(item)), coefficient }
}

/** Stores the sums of the rows, their denominators and their scales, as a part of this round. */
function storeRound(k: Author, { pass, frame, columns, sorted, end, rows }: Near, firstRow: Value): void {
  const { valueDim } = pass
  const parts = frame.binding('parts')
  storeRows(k, {
    columns,
    firstRow,
    rows: end,
    out: parts,
    startOf: (row) => partOfRound(pass, u32Name('round'), sorted.at(row)),
    groups: [rows.sums],
    more: (start, lane) =>
      k.if(ir.eq(ir.add(columnGroup, u32Name('valueTile')), 0), () => {
        k.store(parts, ir.add(start, valueDim), ir.lane(rows.total, lane))
        k.store(parts, ir.add(start, valueDim + 1), ir.lane(rows.scale, lane))
      }),
  })
}

/** Index of a row's part of a round: numerators, denominator, and the scale of both. */
const partOfRound = (
  { rounds, valueDim }: { readonly rounds: number; readonly valueDim: number },
  round: Value,
  row: Value,
): Value =>
  ir.mul(ir.add(ir.mul(ir.add(ir.mul(sliceQueryHead, rounds), round), ir.shape('length')), row), valueDim + 2)
