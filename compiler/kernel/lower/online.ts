/**
 * Online: one workgroup takes a tile of query rows of a head and a tile of value
 * columns through all keys, or through a part of them, a tile at a time, as the
 * fused softmax does: scores in registers, a running scale per row, sums that
 * shrink when the scale grows. κ is whatever the file says; only its exponent
 * is treated apart.
 */
import { andEpilogue } from '../../schedule/schedule.ts'
import type { OnlinePass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Operand } from '../build.ts'
import { record } from '../author.ts'
import type { Author, Name } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Kernel, Value } from '../kernel.ts'
import { declareBeside } from './beside.ts'
import { addEpilogue } from './epilogue.ts'
import { declareFours } from './fours.ts'
import { firstPositionOf, frame, u32Name } from './frame.ts'
import type { Counts, Frame } from './frame.ts'
import { eachOfRows, exchange, takeTile } from './online-tile.ts'
import type { AttendedRows, Operands } from './online-tile.ts'
import { unitOf } from './panel.ts'
import { partLayout } from './parts.ts'
import { readout, storeRows } from './readout.ts'
import { countOf, guarded, headNames, namedPlaces, placesOf } from './rows.ts'
import { rowOf, scoreLayout } from './score-layout.ts'
import { columnGroup, nth, range, split, threadNames, valueTiles } from './tile.ts'
import type { Columns } from './tile.ts'

/**
 * The kernel of a fused softmax pass: a tile of query rows against all keys, storing quotients, or numerators and
 * denominators of each part of the keys.
 */
export function lowerOnline(schedule: Schedule, pass: OnlinePass): Kernel {
  const { tile, over, kernel: term, out, valueDim } = pass
  const frameOfPass = frame(schedule, pass)
  const { counts, kernel } = frameOfPass
  const layout = scoreLayout(tile, pass.dim)
  const vectors = range(layout.rowFours.length)

  const body = record((k) => {
    k.use(headNames(over, tilesOf(pass, counts), counts), threadNames(tile))
    const columns = declareFours(k, tile, valueDim)
    const firstRow = k.let('firstRow', ir.mul(u32Name('rowTile'), tile.rows))
    guarded(k, pass.only, counts, () => {
      const operands = { ...declareOperands(k, schedule, pass, frameOfPass, columns, firstRow), layout }
      const rows: AttendedRows = {
        sums: split(k.registers('sums', 'vec4f', vectors.length * columns.count), vectors.length),
        totals: vectors.map((vector) => k.var(`total${vector}`, ir.splat(0))),
        scales:
          term.kind === 'scaled'
            ? vectors.map((vector) => k.var(`rowScale${vector}`, ir.splat(lowest)))
            : undefined,
      }
      const start = 'parts' in out ? ir.mul(u32Name('part'), schedule.chunk) : ir.u32(0)
      k.strided('from', start, operands.end, tile.steps, (from) =>
        takeTile(k, { ...operands, columns, rows }, from),
      )
      storeResult(k, operands, columns, rows, addUp(k, operands, rows.totals))
    })
  })
  return kernel(summaryOf(pass), [layout.array], body)
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

function declareOperands(
  k: Author,
  schedule: Schedule,
  pass: OnlinePass,
  { binding, counts }: Frame,
  { unit }: Columns,
  firstRow: Value,
): Omit<Operands, 'layout'> {
  const { queries, keys, values, over, out, mask, tile } = pass
  const width = pass.dim / unitOf(pass.dim)
  const places = {
    queries: namedPlaces(k, 'firstQuery', placesOf(queries, over, width)),
    keys: namedPlaces(k, 'firstKey', placesOf(keys, over, width)),
    values:
      values === 'identity'
        ? undefined
        : namedPlaces(k, 'firstValue', placesOf(values, over, pass.valueDim / unit)),
  }
  // Query heads that are rows of one tile are of one token.
  const first = firstPositionOf(counts)
  const numbered = (row: Value): Value =>
    keys.of !== 'cachedHead' ? row : queries.count === 'heads' ? first : ir.add(row, first)
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
  const lastOf = (count: Value): Value => ir.sub(ir.call('max', count, 1), 1)
  const lastQuery = k.let('lastQuery', lastOf(countOf(queries, counts)))
  const lastKey = k.let('lastKey', lastOf(end))
  return { schedule, pass, binding, counts, firstRow, places, lastQuery, lastKey, numbered, end }
}

/** The rows' denominators: those over the keys of each thread across the tile, in this order. */
function addUp(k: Author, operands: Operands, totals: readonly Name[]): readonly Name[] {
  exchange(k, operands, totals)
  return totals.map((_, vector) => {
    const all = k.var(`denominator${vector}`, ir.splat(0))
    eachOfRows(k, operands, vector, (total) => k.add(all, total))
    return all
  })
}

/** Stores the rows: quotients, or the sums over a part of the keys. */
function storeResult(
  k: Author,
  operands: Operands,
  columns: Columns,
  { sums, scales }: AttendedRows,
  totals: readonly Name[],
): void {
  const { pass, binding, counts, firstRow, layout } = operands
  const { out, valueDim, epilogue, queries } = pass
  const stored = { columns, firstRow, rows: countOf(queries, counts), out: binding(outputOf(pass)) }
  if ('parts' in out) {
    const part = partLayout(out.parts, valueDim, scales !== undefined)
    storeRows(k, {
      ...stored,
      startOf: (row) => part.start(u32Name('part'), row),
      groups: sums,
      more: (start, lane, vector) =>
        k.if(ir.eq(ir.add(columnGroup, u32Name('valueTile')), 0), () => {
          k.store(stored.out, part.total(start), ir.lane(nth(totals, vector), lane))
          if (scales !== undefined) k.store(stored.out, part.scale(start), ir.lane(nth(scales, vector), lane))
        }),
    })
    return
  }
  const withBeside = declareBeside(k, pass, binding)
  readout(k, {
    ...stored,
    pass,
    groups: sums.map((sums, vector) => {
      const [total, scale] = [nth(totals, vector), scales?.[vector]]
      return { sums, total: withBeside ? k.let(`whole${vector}`, withBeside(total, scale)) : total, scale }
    }),
    places: placesOf(out, pass.over, valueDim / columns.unit),
    ...(epilogue && {
      addTo: (k: Author) =>
        addEpilogue(k, {
          epilogue,
          binding,
          counts,
          valueDim,
          columns,
          groups: sums.map((sums, vector) => ({
            sums,
            firstRow: ir.add(firstRow, rowOf(layout, vector, 0)),
          })),
        }),
    }),
  })
}

const outputOf = ({ out }: OnlinePass): string => ('parts' in out ? out.parts.buffer : out.buffer)

function summaryOf({ out, epilogue }: OnlinePass): string {
  if ('parts' in out) return 'Each row: Σ κ(q, k) v and Σ κ(q, k) over a part of the keys.'
  const added = andEpilogue(epilogue)
  return `Each row: Σ κ(q, k) v over Σ κ(q, k), in one pass over the keys${added}.`
}
