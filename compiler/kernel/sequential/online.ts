/**
 * Online, for one thread: a tile of query rows goes through all keys, or through a part of them, a tile of keys at a
 * time. In each, eight rows after eight meet the keys: scores by tile products, the rows' running scale, weights, and
 * the sums of weighted values by tile products again. Scores and weights lie by key and then by row, so that lanes are
 * rows: neither a maximum nor a mask looks across lanes.
 *
 * κ is whatever the file says: of the expression, the products of a query with a key are found and computed by tiles,
 * sums over one row alone once a row, and all else pair by pair.
 */
import { andEpilogue } from '../../schedule/schedule.ts'
import type { OnlinePass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author } from '../author.ts'
import type { Kernel, Value } from '../kernel.ts'
import { firstPositionOf, frame, u32Name } from '../lower/frame.ts'
import type { Frame } from '../lower/frame.ts'
import { rowsFrom, rowStart } from '../lower/row-places.ts'
import type { RowPlaces } from '../lower/row-places.ts'
import { countOf, guarded, headNames, namedPlaces, placesOf } from '../lower/rows.ts'
import { extent } from '../lower/tile.ts'
import { truthOfTile } from '../lower/visibility.ts'
import { scratchOf } from './online-scratch.ts'
import type { Block, Online } from './online-scratch.ts'
import { attendOneRow } from './one-row.ts'
import { copyRows, matrixIn, packColumns, packRows, valueRoundedUp } from './panels.ts'
import type { Matrix } from './panels.ts'
import { keySums, querySums } from './row-sums.ts'
import { scores } from './scores.ts'
import { storeRows } from './store-rows.ts'
import { tileColumns } from './tile-product.ts'
import { addValues, weigh } from './weights.ts'

/** The kernel of a pass of exact attention whose tiles are for one thread. */
export function lowerOnline(schedule: Schedule, pass: OnlinePass): Kernel {
  const { tile, queries, out } = pass
  const { binding, counts, kernel } = frame(schedule, pass)
  const scratch = scratchOf(pass, pass.dim)
  const queryCount = countOf(queries, counts)
  const rowTiles =
    typeof queries.count === 'number'
      ? Math.ceil(queries.count / tile.rows)
      : ir.div(ir.add(queryCount, tile.rows - 1), tile.rows)
  const parts = 'parts' in out ? [['part', ir.shape('chunks')] as const] : []
  const body = record((k) => {
    k.use(headNames(pass.over, [['rowTile', rowTiles], ...parts], counts))
    const firstRow = k.let('firstRow', ir.mul(u32Name('rowTile'), tile.rows))
    guarded(k, pass.only, counts, () => {
      const rows = k.let('rows', extent(firstRow, queryCount, tile.rows))
      const online = { pass, dim: pass.dim, scratch, binding, counts, rows, firstRow }
      attend(k, { ...online, ...declareSight(k, schedule, pass, counts, { firstRow, rows }) })
    })
  })
  return kernel(summaryOf(pass), scratch.arrays, body)
}

/** The first key, and what the rows of the tile may see of those from there on. */
function declareSight(
  k: Author,
  { chunk }: Schedule,
  { keys, mask, out }: OnlinePass,
  counts: Frame['counts'],
  { firstRow, rows }: Pick<Online, 'firstRow' | 'rows'>,
): Pick<Online, 'start' | 'end' | 'numbered'> {
  const count = countOf(keys, counts)
  const start = 'parts' in out ? ir.mul(u32Name('part'), chunk) : ir.u32(0)
  const last = 'parts' in out ? ir.call('min', count, ir.add(start, chunk)) : count
  const numbered = (row: Value): Value =>
    keys.of === 'cachedHead' ? ir.add(row, firstPositionOf(counts)) : row
  // A causal row sees keys up to its own: the tile needs none past its last row.
  const past = mask.kind === 'causal' ? ir.call('min', last, numbered(ir.add(firstRow, rows))) : last
  return { start, numbered, end: k.let('end', past) }
}

function attend(k: Author, online: Online): void {
  const { pass, dim, binding, firstRow } = online
  const { queries, keys, values, over, valueDim } = pass
  const ofQueries = namedPlaces(k, 'firstQuery', rowsFrom(placesOf(queries, over, dim), firstRow))
  const ofKeys = namedPlaces(k, 'firstKey', placesOf(keys, over, dim))
  const ofValues =
    values === 'identity' ? undefined : namedPlaces(k, 'firstValue', placesOf(values, over, valueDim))
  const matrix = (buffer: string, width: number, places: RowPlaces): Matrix =>
    matrixIn(binding(buffer), width, (row) => rowStart(places, row))

  clear(k, online)
  const inTiles = (): void =>
    attendInTiles(k, online, {
      queries: matrix(queries.buffer, dim, ofQueries),
      keys: (from) => matrix(keys.buffer, dim, rowsFrom(ofKeys, from)),
      values: (from) =>
        values === 'identity' || ofValues === undefined
          ? identity(from, valueDim)
          : matrix(values.buffer, valueDim, rowsFrom(ofValues, from)),
    })
  if (keys.of === 'cachedHead' && values !== 'identity' && ofValues !== undefined) {
    const row = {
      queries: binding(queries.buffer),
      keys: binding(keys.buffer),
      values: binding(values.buffer),
      query: ofQueries.start,
      key: (number: Value): Value => rowStart(ofKeys, number),
      value: (number: Value): Value => rowStart(ofValues, number),
    }
    k.if(ir.eq(ir.shape('length'), 1), () => attendOneRow(k, online, row), inTiles)
  } else inTiles()
  storeRows(k, online)
}

/** The rows of a tile, and those of the keys and their values from one on. */
interface Matrices {
  readonly queries: Matrix
  readonly keys: (from: Value) => Matrix
  readonly values: (from: Value) => Matrix
}

function attendInTiles(k: Author, online: Online, { queries, keys, values }: Matrices): void {
  const { pass, scratch, rows, firstRow, start, end, numbered } = online
  const { mask, tile } = pass
  const { steps } = tile
  const stride = scratch.keyStride
  k.use(packRows({ prefix: 'query', matrix: queries, rows, into: scratch.queries }))
  querySums(k, online)
  const tileOfKeys = (from: Value): void => {
    const here = k.let('here', extent(from, end, steps))
    k.use(
      copyRows({ prefix: 'key', matrix: keys(from), rows: here, into: scratch.keys, stride, multiple: 4 }),
      packColumns({ prefix: 'value', matrix: values(from), rows: here, into: scratch.values, most: steps }),
    )
    keySums(k, online, here)
    k.strided('block', 0, rows, tileColumns, (row) => eightRows(k, online, from, row))
  }
  k.strided('from', start, end, steps, (from) => {
    // A tile that no row of the queries' tile sees is not even packed.
    const some =
      truthOfTile({ mask, rows: tile.rows, keys: steps, firstRow, numbered }, from)?.may ?? ir.bool(true)
    k.guard(mask.kind === 'condition' ? some : ir.bool(true), () => tileOfKeys(from))
  })
}

/** Eight rows of the tile of queries, from `row` on, and a tile of keys, if there is any pair of them to be seen. */
function eightRows(k: Author, online: Online, from: Value, row: Value): void {
  const { pass, numbered, end, firstRow } = online
  const { mask, tile } = pass
  const first = k.let('blockRow', ir.add(firstRow, row))
  // No key past the last of these rows, rather than past the last of the tile.
  const past = mask.kind === 'causal' ? ir.call('min', end, numbered(ir.add(first, tileColumns))) : end
  const keys = k.let('blockKeys', extent(from, past, tile.steps))
  const block: Block = { row, first, from, keys }
  const geometry = { mask, rows: tileColumns, keys: tile.steps, firstRow: first, numbered }
  const some = mask.kind === 'causal' ? ir.gt(keys, 0) : (truthOfTile(geometry, from)?.may ?? ir.bool(true))
  k.guard(some, () => {
    const tops = scores(k, online, block)
    const shrinks = weigh(k, online, block, tops)
    addValues(k, online, block, shrinks)
  })
}

/** Sums of nothing, so far. */
function clear(k: Author, { pass, rows, scratch }: Online): void {
  const all = valueRoundedUp(rows, tileColumns)
  const { sums, totals, scales, width, nothing } = scratch
  k.strided('cleared', 0, ir.mul(all, width), 4, (at) => k.sharedStore(sums, at, ir.splat(0)))
  k.strided('clearedRow', 0, all, 4, (at) => {
    k.sharedStore(totals, at, ir.splat(0))
    if (pass.kernel.kind === 'scaled') k.sharedStore(scales, at, ir.splat(nothing))
  })
}

/** Rows of the identity, from the row `from` on. */
function identity(from: Value, columns: number): Matrix {
  const entry = (row: Value, column: Value): Value => ir.select(ir.eq(row, column), ir.f32(1), 0)
  const four = (row: Value, column: Value): Value => {
    const after = (lane: number): Value => entry(row, ir.add(column, lane))
    return ir.vec4(after(0), after(1), after(2), after(3))
  }
  return { columns, start: (row) => ir.add(from, row), entry, four }
}

function summaryOf({ out, epilogue }: OnlinePass): string {
  if ('parts' in out) return 'Each row: Σ κ(q, k) v and Σ κ(q, k) over a part of the keys.'
  return `Each row: Σ κ(q, k) v over Σ κ(q, k), in one pass over the keys${andEpilogue(epilogue)}.`
}
