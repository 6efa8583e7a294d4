/**
 * What a tile of keys adds to the rows of a fused softmax: scores in registers, the rows' running scales, and the
 * weights' product with the values.
 */
import type { OnlinePass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Author, Name } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Value } from '../kernel.ts'
import { unlessZero } from './exponents.ts'
import { expressionsOf } from './features.ts'
import type { Frame } from './frame.ts'
import { widen } from './operators.ts'
import { pairProducts } from './pair-products.ts'
import { evaluatePairs } from './pairs.ts'
import type { Row } from './pairs.ts'
import { eachExchanged, fromPanel, loadEntry, panelPlace } from './panel.ts'
import type { Filling } from './panel.ts'
import { rowStart } from './row-places.ts'
import type { RowPlaces } from './row-places.ts'
import { raiseScale, relativeTo } from './running-scale.ts'
import { fourOf, keyOf, rowOf } from './score-layout.ts'
import type { ScoreLayout } from './score-layout.ts'
import { tableRows } from './tables.ts'
import { addProducts } from './tile-product.ts'
import { across, columnGroup, extent, inLanes, lanes, nth, range } from './tile.ts'
import type { Columns } from './tile.ts'
import { visibility } from './visibility.ts'

/** Keys whose values a round of the product takes, so that they are waited for together: fewer where rows are wide. */
const keysAtOnce = ({ count }: Columns, { rowFours }: ScoreLayout): number =>
  count > 4 ? 4 : count * rowFours.length > 1 ? 8 : 16

/** The rows that a workgroup reads. */
export interface Operands extends Pick<Frame, 'binding' | 'counts'> {
  readonly schedule: Schedule
  readonly pass: OnlinePass
  readonly layout: ScoreLayout
  /** The tile's first query row. */
  readonly firstRow: Value
  /** A query row's number among the keys: behind the cached ones when decoding. */
  readonly numbered: (row: Value) => Value
  /** Where the head's query rows and key rows begin, in units of `unitOf` their width, and its value rows, in those of the columns. */
  readonly places: {
    readonly queries: RowPlaces
    readonly keys: RowPlaces
    readonly values: RowPlaces | undefined
  }
  /** The head's last query row, and the last key that a row of the tile may see. */
  readonly lastQuery: Value
  readonly lastKey: Value
  /** Past the last key that a row of the tile may see. */
  readonly end: Value
}

/** What a thread sums over the keys, for each of its groups of four rows. */
export interface AttendedRows {
  readonly sums: readonly (readonly Name[])[]
  /** Over the thread's own keys. */
  readonly totals: readonly Name[]
  /** The running scales, where weights are scaled. */
  readonly scales: readonly Name[] | undefined
}

/** The operands of a workgroup, and what it sums over them. */
export interface Attention extends Operands {
  readonly columns: Columns
  readonly rows: AttendedRows
}

/** Adds the tile of keys that starts at `from` to the sums of the rows, unless the mask shows none of it. */
export function takeTile(k: Author, attention: Attention, from: Value): void {
  const { pass, layout, firstRow, rows } = attention
  const { tile, mask } = pass
  const seen = visibility(
    {
      ...attention,
      mask,
      rows: tile.rows,
      keys: tile.steps,
      rowAt: (vector, lane) => ir.add(firstRow, rowOf(layout, vector, lane)),
    },
    from,
  )
  k.guard(seen.some, () => {
    const hide = seen.declare(k)
    const { values, coefficient } = evaluateScores(k, attention, from)
    const keys = range(layout.keyFours.length * lanes).map((item) =>
      k.let(`key${item}`, ir.add(from, keyOf(layout, item))),
    )
    hide({ keys, values }, rows.scales === undefined ? 0 : lowest)
    if (rows.scales !== undefined) weigh(k, attention, rows.scales, values, coefficient)
    values.forEach((items, vector) => items.forEach((weight) => k.add(nth(rows.totals, vector), weight)))
    addValues(k, attention, from, values)
  })
}

/** κ of the thread's rows and a tile's keys, by group of rows and key: values or exponents, and the coefficients unless these are 1. */
interface Scores {
  readonly values: readonly (readonly Name[])[]
  readonly coefficient: ((vector: number, item: number) => Value) | undefined
}

function evaluateScores(k: Author, attention: Attention, from: Value): Scores {
  const { pass, layout } = attention
  const { queries, keys } = rowsOfTile(attention, from)
  const expressions = expressionsOf({ term: pass.kernel })
  const { rowFours, keyFours, depth } = layout
  const { dim: width } = pass
  const names = { rows: 'q', keys: 'k' }
  const tile = { names, threads: pass.tile.threads, width, depth, queries, keys, rowFours, keyFours }
  const items = keyFours.length * lanes
  const evaluated = pairProducts(k, tile, expressions).map((reduced, vector) => {
    const queryRow = (lane: number): Value => ir.add(attention.firstRow, rowOf(layout, vector, lane))
    const keyRow = (item: number): Value => ir.add(from, keyOf(layout, item))
    const rows: Record<string, Row> = {
      q: { extent: 'lanes', load: (lane, index) => loadEntry(queries, width, queryRow(lane), index) },
      k: { extent: 'items', load: (item, index) => loadEntry(keys, width, keyRow(item), index) },
      ...tableRows(pass, attention.binding, queryRow),
    }
    const around = { items, rows, scalars: {}, prefix: `pair${vector}` }
    const { statements, value } = evaluatePairs(expressions, around, reduced)
    k.use(statements)
    return value
  })
  const coefficient =
    expressions.length === 1
      ? undefined
      : (vector: number, item: number): Value => widen(nth(evaluated, vector)(1, item))
  const values = evaluated.map((value, vector) =>
    range(items).map((item) => {
      const score = widen(value(0, item))
      const known = coefficient === undefined ? score : unlessZero(score, coefficient(vector, item))
      return k.var(`score${vector}_${item}`, known)
    }),
  )
  return { values, coefficient }
}

/** How the panels of a tile are filled. */
function rowsOfTile(
  { pass, binding, layout, firstRow, places, lastQuery, lastKey }: Attention,
  from: Value,
): { readonly queries: Filling; readonly keys: Filling } {
  return {
    queries: {
      panel: layout.queries,
      buffer: binding(pass.queries.buffer),
      places: places.queries,
      last: lastQuery,
      rowAt: (four, lane) => ir.add(firstRow, layout.rowAt(four, lane)),
    },
    keys: {
      panel: layout.keys,
      buffer: binding(pass.keys.buffer),
      places: places.keys,
      last: lastKey,
      rowAt: (four, lane) => ir.add(from, layout.keyAt(four, lane)),
    },
  }
}

/** Takes the exponents into the rows' scales, and makes weights of them. */
function weigh(
  k: Author,
  attention: Attention,
  scales: readonly Name[],
  values: Scores['values'],
  coefficient: Scores['coefficient'],
): void {
  k.comment('the rows’ scales so far, and what they do to the sums')
  const { rows } = attention
  exchange(
    k,
    attention,
    values.map((items) => items.reduce<Value>((most, item) => ir.call('max', most, item), nth(items, 0))),
  )
  values.forEach((items, vector) => {
    const scale = nth(scales, vector)
    const names = { before: `scaleSoFar${vector}`, shrink: `shrink${vector}` }
    const sums = [nth(rows.totals, vector), ...nth(rows.sums, vector)]
    raiseScale(k, { scale, sums, names }, (raise) => eachOfRows(k, attention, vector, raise))
    // A row that has seen nothing yet has no scale to measure by: all of its powers are to be 0.
    const measure = k.let(`measure${vector}`, ir.call('max', scale, ir.splat(lowest / 2)))
    items.forEach((item, which) => {
      const power = relativeTo(measure, item)
      if (coefficient === undefined) return k.set(item, power)
      const weight = ir.mul(coefficient(vector, which), power)
      // The coefficient of a pair that is not seen may be infinite.
      k.set(
        item,
        inLanes((lane) => ir.select(ir.gt(ir.lane(item, lane), lowest), ir.lane(weight, lane), 0)),
      )
    })
  })
  k.barrier()
}

/** Gives the threads that share rows a number of each of these, by group of four; a barrier has to follow their reading. */
export function exchange(k: Author, { layout }: Operands, numbers: readonly Value[]): void {
  numbers.forEach((number, vector) =>
    k.sharedStore(
      layout.array,
      panelPlace(layout.exchanged, columnGroup, nth(layout.rowFours, vector)),
      number,
    ),
  )
  k.barrier()
}

/** What the threads have given for a group of rows, in their order. */
export const eachOfRows = (
  k: Author,
  { layout, pass }: Operands,
  vector: number,
  take: (number: Value) => void,
): void =>
  eachExchanged(k, layout.exchanged, across(pass.tile), [nth(layout.rowFours, vector)], (_, number) =>
    take(number),
  )

/** Adds the values of a tile's keys, each by its weight, a slice of keys after another. */
function addValues(k: Author, attention: Attention, from: Value, weights: Scores['values']): void {
  const { layout, end } = attention
  const { keys, count } = layout.slice
  const take = (start: Value): void => {
    k.barrier()
    addSlice(k, attention, start)
    k.barrier()
  }
  if (count === 1) {
    storeWeights(k, layout, weights)
    take(from)
    return
  }
  const slices = ir.div(ir.add(ir.sub(end, from), keys - 1), keys)
  k.loop('keySlice', 0, ir.call('min', slices, count), (slice) => {
    const those = weights.map((items, vector) => sliceOf(k, layout, items, vector, slice))
    storeWeights(k, layout, those)
    take(k.let('sliceStart', ir.add(from, ir.mul(slice, keys))))
  })
}

/** The weights of a slice: the registers have the first slice's lanes, then the next one's, and so on. */
function sliceOf(
  k: Author,
  { slice: { lanes: some, count } }: ScoreLayout,
  items: readonly Name[],
  vector: number,
  slice: Value,
): readonly Name[] {
  const lanesOf = (which: number): readonly Name[] =>
    items.filter((_, item) => Math.floor((item % lanes) / some) === which)
  const those = lanesOf(0).map((item, place) => k.var(`sliced${vector}_${place}`, item))
  for (const which of range(count).slice(1))
    k.if(ir.eq(slice, which), () => lanesOf(which).forEach((item, place) => k.set(nth(those, place), item)))
  return those
}

/** Stores the weights of a slice's keys. */
function storeWeights(k: Author, layout: ScoreLayout, weights: readonly (readonly Name[])[]): void {
  const { lanes: some } = layout.slice
  weights.forEach((items, vector) =>
    items.forEach((weight, item) => {
      const key = layout.keyAt(fourOf(nth(layout.keyFours, Math.floor(item / some))), item % some)
      k.sharedStore(layout.array, panelPlace(layout.weights, key, nth(layout.rowFours, vector)), weight)
    }),
  )
}

function addSlice(k: Author, attention: Attention, start: Value): void {
  const { layout, rows, end, columns } = attention
  const keys = keysAtOnce(columns, layout)
  const groups = rows.sums.map((sums) => ({ sums }))
  const here = k.let('here', extent(start, end, layout.slice.keys))
  const entries = valueEntries(k, attention, start)
  k.strided('j', 0, here, keys, (j) => {
    for (const step of range(keys)) {
      const weights = layout.rowFours.map((four, vector) =>
        k.let(`weight${vector}_${step}`, fromPanel(layout.weights, j, four, step)),
      )
      addProducts(k, groups, { weights, entries: entries(j, step) })
    }
  })
}

/** The thread's columns of the value row of key `start` + j + step. */
function valueEntries(
  k: Author,
  { pass, binding, columns, places, lastKey }: Attention,
  start: Value,
): (j: Value, step: number) => readonly Value[] {
  const { values } = pass
  const rows = places.values
  if (values === 'identity' || rows === undefined)
    return (j, step) =>
      range(columns.count).map((column) =>
        ir.select(ir.eq(ir.add(start, j, step), columns.at(column)), ir.f32(1), 0),
      )
  const first = k.let('firstStart', rowStart(rows, start))
  const last = k.let('lastStart', rowStart(rows, lastKey))
  return (j, step) => {
    const row = ir.add(first, ir.mul(j, rows.pitch), ir.mul(rows.pitch, step))
    // A key past the last one has no weight.
    return columns.load(k, binding(values.buffer), step === 0 ? row : ir.call('min', row, last), `_${step}`)
  }
}
