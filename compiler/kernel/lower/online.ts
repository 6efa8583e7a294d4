/**
 * Online: one workgroup takes 32 query rows of a head and a tile of value
 * columns through all keys, or through a part of them, 32 at a time, as the
 * fused softmax does: scores in registers, a running scale per row, sums that
 * shrink when the scale grows. κ is whatever the file says; only its exponent
 * is treated apart.
 */
import { andEpilogue } from '../../schedule/schedule.ts'
import type { OnlinePass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Operand } from '../build.ts'
import { record } from '../author.ts'
import type { Author } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Binding, Kernel, Value } from '../kernel.ts'
import { addEpilogue } from './epilogue.ts'
import { unlessZero } from './exponents.ts'
import { expressionsOf } from './features.ts'
import { firstPositionOf, frame, u32Name } from './frame.ts'
import type { Counts, Frame } from './frame.ts'
import { widen } from './operators.ts'
import { evaluatePairs } from './pairs.ts'
import type { Row } from './pairs.ts'
import { partLayout } from './parts.ts'
import { readout, storeRows } from './readout.ts'
import { countOf, firstOf, guarded, headNames } from './rows.ts'
import { keyAt, loadScores, scoreTile, storeScores, storeWeights } from './score-tile.ts'
import type { AttendedRows, ScoreTile } from './score-tile.ts'
import { contract } from './tile-product.ts'
import {
  columnGroup,
  declareColumns,
  eachLane,
  extent,
  fourLanes,
  lanes,
  nth,
  range,
  rowGroup,
  threadNames,
  valueTiles,
  within,
} from './tile.ts'
import type { Columns } from './tile.ts'
import { visibility } from './visibility.ts'

/**
 * The kernel of a fused softmax pass: 32 query rows against all keys, storing quotients, or numerators and
 * denominators of each part of the keys.
 */
export function lowerOnline(schedule: Schedule, pass: OnlinePass): Kernel {
  const { tile, over, kernel: term, out, valueDim } = pass
  const frameOfPass = frame(schedule, pass)
  const { counts, kernel } = frameOfPass
  const scaled = term.kind === 'scaled'
  const scores = scoreTile(tile.steps)

  const body = record((k) => {
    k.use(headNames(over, tilesOf(pass, counts), counts), threadNames(tile))
    const columns = declareColumns(k, tile, valueDim)
    const firstRow = k.let('firstRow', ir.mul(u32Name('rowTile'), tile.rows))
    guarded(k, pass.only, counts, () => {
      const operands = declareOperands(k, schedule, pass, frameOfPass, firstRow)
      const rows: AttendedRows = {
        sums: k.registers('sums', 'vec4f', columns.count),
        total: k.var('total', ir.splat(0)),
        scale: scaled ? k.var('rowScale', ir.splat(lowest)) : undefined,
      }
      const start = 'parts' in out ? ir.mul(u32Name('part'), schedule.chunk) : ir.u32(0)
      k.strided('from', start, operands.end, tile.steps, (from) =>
        attendTile(k, { ...operands, scores, columns, rows }, from),
      )
      storeResult(k, operands, columns, rows)
    })
  })
  return kernel(summaryOf(pass), scaled ? [scores.exponents, scores.pairs] : [scores.pairs], body)
}

/** How many workgroups a head has: tiles of columns, tiles of rows, and parts of the keys. */
function tilesOf(
  { tile, valueDim, queries, out }: OnlinePass,
  counts: Counts,
): (readonly [string, Operand])[] {
  const rowTiles =
    typeof queries.count === 'number'
      ? Math.ceil(queries.count / tile.rows)
      : ir.div(ir.add(countOf(queries, counts), tile.rows - 1), tile.rows)
  const tiles: (readonly [string, Operand])[] = [
    ['valueTile', valueTiles(tile, valueDim)],
    ['rowTile', rowTiles],
  ]
  return 'parts' in out ? [...tiles, ['part', ir.shape('chunks')]] : tiles
}

/** The rows that a workgroup reads. */
interface Operands extends Pick<Frame, 'binding' | 'counts'> {
  readonly schedule: Schedule
  readonly pass: OnlinePass
  /** The tile's first query row. */
  readonly firstRow: Value
  /** The thread's query row of a lane. */
  readonly rowAt: (lane: number) => Value
  /** A query row's number among the keys: behind the cached ones when decoding. */
  readonly numbered: (row: Value) => Value
  /** Index in its buffer of the head's first key row, and value row, in rows. */
  readonly firstKey: Value
  readonly firstValue: Value | undefined
  /** Past the last key that a row of the tile may see. */
  readonly end: Value
  /** Where the query row of each lane starts in its buffer. */
  readonly queryStarts: readonly Value[]
}

function declareOperands(
  k: Author,
  schedule: Schedule,
  pass: OnlinePass,
  { binding, counts }: Frame,
  firstRow: Value,
): Operands {
  const { queries, keys, values, over, out, mask, tile } = pass
  const firstQuery = k.let('firstQuery', firstOf(queries, over))
  const firstKey = k.let('firstKey', firstOf(keys, over))
  const firstValue = values === 'identity' ? undefined : k.let('firstValue', firstOf(values, over))
  const rowAt = (lane: number): Value => ir.add(firstRow, ir.mul(rowGroup, lanes), lane)
  const numbered = (row: Value): Value =>
    keys.of === 'cachedHead' ? ir.add(row, firstPositionOf(counts)) : row
  const keyCount = countOf(keys, counts)
  const last =
    'parts' in out
      ? ir.call('min', keyCount, ir.add(ir.mul(u32Name('part'), schedule.chunk), schedule.chunk))
      : keyCount
  // A causal row sees keys up to its own: the tile needs none past its last row.
  const end = k.let(
    'end',
    mask.kind === 'causal' ? ir.call('min', last, numbered(ir.add(firstRow, tile.rows))) : last,
  )
  const queryCount = countOf(queries, counts)
  const queryStarts = eachLane((lane) =>
    k.let(`queryRow${lane}`, ir.mul(ir.add(firstQuery, within(rowAt(lane), queryCount)), schedule.dim)),
  )
  const first = { firstRow, firstKey, firstValue, rowAt, numbered }
  return { ...first, schedule, pass, binding, counts, end, queryStarts }
}

/** The operands of a workgroup, and what it sums over them. */
interface Attention extends Operands {
  readonly scores: ScoreTile
  readonly columns: Columns
  readonly rows: AttendedRows
}

/** Adds the tile of keys that starts at `from` to the sums of the rows, unless the mask shows none of it. */
function attendTile(k: Author, attention: Attention, from: Value): void {
  const { pass, end, scores, rows } = attention
  const { scale } = rows
  const { rows: rowCount, steps } = pass.tile
  const seen = visibility({ ...attention, mask: pass.mask, rows: rowCount, keys: steps }, from)
  k.guard(seen.some, () => {
    const count = k.let('here', extent(from, end, steps))
    const hide = seen.declare(k)
    const { value, coefficient } = evaluateScores(k, attention, from)
    const keys = fourLanes.map((item) => k.let(`key${item}`, keyAt(from, item)))
    if (scale === undefined) storeScores(k, scores.pairs, hide('weight', keys, fourLanes.map(value), 0))
    else {
      const exponents = hide('exponent', keys, fourLanes.map(value), lowest)
      storeScores(k, scores.exponents, exponents)
      k.barrier()
      k.comment('the rows’ scale so far, and what it does to the sums')
      storeWeights(k, scores, { ...rows, scale }, count, exponents, (item, lane, power) =>
        ir.lane(coefficient === undefined ? power : ir.mul(coefficient(item), power), lane),
      )
    }
    k.barrier()
    addValues(k, attention, from, count)
    // Scaled, the next tile's exponents and a barrier come before anything is stored where this one reads.
    if (scale === undefined) k.barrier()
  })
}

/** κ of the thread's rows and a tile's keys, by key: a value or an exponent, and the coefficient unless it is 1. */
interface Scores {
  readonly value: (item: number) => Value
  readonly coefficient: ((item: number) => Value) | undefined
}

function evaluateScores(k: Author, attention: Attention, from: Value): Scores {
  const { pass, schedule, binding, firstKey, end, queryStarts } = attention
  const keyStarts = eachLane((item) =>
    k.let(`keyRow${item}`, ir.mul(ir.add(firstKey, within(keyAt(from, item), end)), schedule.dim)),
  )
  const rows = {
    q: rowFrom(binding(pass.queries.buffer), queryStarts, 'lanes'),
    k: rowFrom(binding(pass.keys.buffer), keyStarts, 'items'),
  }
  const expressions = expressionsOf({ term: pass.kernel })
  const evaluated = evaluatePairs(expressions, { items: lanes, rows, scalars: {}, prefix: 'pair' })
  k.use(evaluated.statements)
  const first = (item: number): Value => evaluated.value(0, item)
  if (expressions.length === 1) return { value: first, coefficient: undefined }
  const coefficient = (item: number): Value => widen(evaluated.value(1, item))
  return { value: (item) => unlessZero(widen(first(item)), coefficient(item)), coefficient }
}

const rowFrom = (buffer: Binding, starts: readonly Value[], extent: Row['extent']): Row => ({
  extent,
  load: (which, index) => ir.load(buffer, ir.add(nth(starts, which), index)),
})

/** Adds the values of a tile's keys, each by its weight. */
function addValues(k: Author, attention: Attention, from: Value, count: Value): void {
  const { pass, binding, columns, scores, rows, firstValue } = attention
  const { values, valueDim } = pass
  contract(k, 'j', count, [rows], (j) => {
    const pair = k.let('pair', loadScores(scores.pairs, j))
    const key = k.let('valueKey', ir.add(from, j))
    if (values === 'identity' || firstValue === undefined) {
      const entries = range(columns.count).map((column) =>
        ir.select(ir.eq(key, columns.at(column)), ir.f32(1), 0),
      )
      return { weights: [pair], entries }
    }
    const row = k.let('valueRow', ir.mul(ir.add(firstValue, key), valueDim))
    const entries = range(columns.count).map((column) =>
      ir.load(binding(values.buffer), ir.add(row, columns.at(column))),
    )
    return { weights: [pair], entries }
  })
}

/** Stores the rows: quotients, or the sums over a part of the keys. */
function storeResult(k: Author, operands: Operands, columns: Columns, rows: AttendedRows): void {
  const { pass, binding, counts, firstRow } = operands
  const { out, valueDim, epilogue, queries } = pass
  const { sums, total, scale } = rows
  const stored = { columns, firstRow, rows: countOf(queries, counts), out: binding(outputOf(pass)) }
  if ('parts' in out) {
    const layout = partLayout(out.parts, valueDim, scale !== undefined)
    storeRows(k, {
      ...stored,
      startOf: (row) => layout.start(u32Name('part'), row),
      groups: [sums],
      more: (start, lane) =>
        k.if(ir.eq(ir.add(columnGroup, u32Name('valueTile')), 0), () => {
          k.store(stored.out, layout.total(start), ir.lane(total, lane))
          if (scale !== undefined) k.store(stored.out, layout.scale(start), ir.lane(scale, lane))
        }),
    })
    return
  }
  readout(k, {
    ...stored,
    pass,
    valueDim,
    groups: [{ sums, total, scale }],
    firstOut: firstOf(out, pass.over),
    ...(epilogue && {
      addTo: (k: Author) => addEpilogue(k, { epilogue, binding, counts, valueDim, columns, sums, firstRow }),
    }),
  })
}

const outputOf = ({ out }: OnlinePass): string => ('parts' in out ? out.parts.buffer : out.buffer)

function summaryOf({ out, epilogue }: OnlinePass): string {
  if ('parts' in out) return 'Each row: Σ κ(q, k) v and Σ κ(q, k) over a part of the keys.'
  const added = andEpilogue(epilogue)
  return `Each row: Σ κ(q, k) v over Σ κ(q, k), in one pass over the keys${added}.`
}
