/**
 * One query row against all keys, as a token of decoding has it: so few numbers for each key that packing keys and
 * values would take longer than to use them. Four keys at a time are the lanes of the scores; products with the row run
 * along its entries, and sums of values along their columns, both where they lie in their buffers.
 */
import * as ir from '../build.ts'
import type { Author, Name } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Binding, Value } from '../kernel.ts'
import { unlessZero } from '../lower/exponents.ts'
import { expressionsOf } from '../lower/features.ts'
import { widen } from '../lower/operators.ts'
import { evaluatePairs } from '../lower/pairs.ts'
import type { Reduced } from '../lower/pairs.ts'
import { raised, relativeTo } from '../lower/running-scale.ts'
import { acrossLanes, eachLane, extent, inLanes, lanes, range, within } from '../lower/tile.ts'
import { tableRows } from '../lower/tables.ts'
import { maskShows, truthOfTile } from '../lower/visibility.ts'
import type { Online } from './online-scratch.ts'
import { productSpan, reductionsIn } from './one-sided.ts'
import type { Span } from './one-sided.ts'

/** Where the rows lie: buffers, and u32 indexes. */
export interface OneRow {
  readonly queries: Binding
  readonly keys: Binding
  readonly values: Binding
  /** Of the query's first entry. */
  readonly query: Value
  /** Of a row's first entry, by the number of the key. */
  readonly key: (number: Value) => Value
  readonly value: (number: Value) => Value
}

/** Leaves the sums, the denominator and the scale of the tile's first row, which is the only one. */
export function attendOneRow(k: Author, online: Online, row: OneRow): void {
  const { pass, start, end, firstRow, numbered } = online
  const { mask } = pass
  const { steps } = pass.tile
  k.strided('from', start, end, steps, (from) => {
    const shown = truthOfTile({ mask, rows: 1, keys: steps, firstRow, numbered }, from)
    k.guard(shown?.may ?? ir.bool(true), () => {
      const here = k.let('here', extent(from, end, steps))
      const top = scoreKeys(k, online, row, from, here)
      const shrink = weighKeys(k, online, here, top)
      addRows(k, online, row, from, here, shrink)
    })
  })
}

/** Leaves exponents, or weights, in `pairs`; returns the row's scale with these keys in it, where there is one. */
function scoreKeys(k: Author, online: Online, row: OneRow, from: Value, here: Value): Name | undefined {
  const { pass, scratch, numbered, firstRow, end } = online
  const expressions = expressionsOf({ term: pass.kernel })
  const scaled = pass.kernel.kind === 'scaled'
  const largest = scaled ? k.var('largest', ir.splat(ir.sharedLoad(scratch.scales, 0))) : undefined
  k.strided('fourKeys', 0, here, lanes, (group) => {
    const key = (lane: number): Value => ir.add(from, group, lane)
    const starts = eachLane((lane) => k.let(`keyStart${lane}`, row.key(within(key(lane), end))))
    const known = products(k, online, row, starts)
    const { statements, value } = evaluatePairs(
      expressions,
      {
        items: 1,
        rows: {
          q: { extent: 'items', load: (_, index) => ir.load(row.queries, ir.add(row.query, index)) },
          k: {
            extent: 'lanes',
            load: (lane, index) => ir.load(row.keys, ir.add(starts[lane] ?? index, index)),
          },
          ...tableRows(pass, online.binding, () => online.firstRow),
        },
        scalars: {},
        prefix: 'pair',
      },
      known,
    )
    k.use(statements)
    const coefficient = expressions.length === 1 ? undefined : widen(value(1, 0))
    const score = widen(value(0, 0))
    const found = k.let('score', coefficient === undefined ? score : unlessZero(score, coefficient))
    const seen = (lane: number): Value =>
      ir.and(ir.lt(key(lane), end), maskShows(pass.mask, numbered(firstRow), key(lane)))
    const shown = (vector: Value, absent: number): Value =>
      inLanes((lane) => ir.select(seen(lane), ir.lane(vector, lane), absent))
    const hidden = k.let('hidden', shown(found, scaled ? lowest : 0))
    k.sharedStore(scratch.pairs, group, hidden)
    if (coefficient !== undefined) {
      const factor = k.let('factor', coefficient)
      k.sharedStore(scratch.coefficients, group, shown(factor, 0))
    }
    if (largest !== undefined) k.set(largest, raised(largest, hidden))
  })
  return largest && k.let('top', acrossLanes(largest, raised))
}

/** The products of the row with four keys that the kernel has, along their entries. */
function products(k: Author, { pass }: Online, row: OneRow, starts: readonly Value[]): Reduced {
  const wanted = [...reductionsIn(expressionsOf({ term: pass.kernel }))].flatMap(([key, reduce]) => {
    const span = productSpan(reduce)
    return span === undefined ? [] : [{ key, span }]
  })
  return new Map(
    wanted.map(({ key, span }, which) => {
      const product = productOver(k, row, starts, span, which === 0 ? '' : String(which))
      return [key, () => product]
    }),
  )
}

function productOver(
  k: Author,
  { queries, keys, query }: OneRow,
  starts: readonly Value[],
  { from, size }: Span,
  suffix: string,
): Name {
  const sums = starts.map((_, lane) => k.var(`dot${suffix}${suffix && '_'}${lane}`, ir.splat(0)))
  const rest = size % lanes
  if (size > rest)
    k.strided(`t${suffix}`, from, from + size - rest, lanes, (t) => {
      const entries = k.let('entries', ir.loadFour(queries, ir.add(query, t)))
      sums.forEach((sum, lane) =>
        k.set(sum, ir.fma(entries, ir.loadFour(keys, ir.add(starts[lane] ?? t, t)), sum)),
      )
    })
  const dots = sums.map((sum, lane) =>
    range(rest).reduce(
      (dot, one) => {
        const t = from + size - rest + one
        const term = ir.mul(
          ir.load(queries, ir.add(query, t)),
          ir.load(keys, ir.add(starts[lane] ?? query, t)),
        )
        return ir.add(dot, term)
      },
      acrossLanes(sum, ir.add),
    ),
  )
  return k.let(
    `products${suffix}`,
    inLanes((lane) => dots[lane] ?? 0),
  )
}

/** Makes weights of what is in `pairs`, and adds them to the total; returns by what the sums shrink. */
function weighKeys(
  k: Author,
  { pass, scratch }: Online,
  here: Value,
  top: Name | undefined,
): Name | undefined {
  const { pairs, coefficients, totals, scales } = scratch
  const weighed = pass.kernel.kind === 'scaled' && pass.kernel.coefficient !== undefined
  const added = k.var('added', ir.splat(0))
  k.strided('fourKeys', 0, here, lanes, (group) => {
    const score = ir.sharedLoadFour(pairs, group)
    const power = top === undefined ? score : relativeTo(ir.splat(top), score)
    const weight = k.let('weight', weighed ? ir.mul(ir.sharedLoadFour(coefficients, group), power) : power)
    if (top !== undefined) k.sharedStore(pairs, group, weight)
    k.add(added, weight)
  })
  const shrink = top && k.let('shrink', relativeTo(top, ir.sharedLoad(scales, 0)))
  const sofar = ir.sharedLoad(totals, 0)
  k.sharedStore(
    totals,
    0,
    ir.add(shrink === undefined ? sofar : ir.mul(sofar, shrink), acrossLanes(added, ir.add)),
  )
  if (top !== undefined) k.sharedStore(scales, 0, top)
  return shrink
}

/** Vectors of columns that are summed together. */
const together = 4

/** Adds the weighed values, column by column: sixteen at a time, then four, then one. */
function addRows(
  k: Author,
  { pass, scratch }: Online,
  row: OneRow,
  from: Value,
  here: Value,
  shrink: Name | undefined,
): void {
  const { valueDim } = pass
  const add = (prefix: string, column: Value, vectors: number, wide: boolean): void => {
    const shrunk = (sum: Value): Value =>
      shrink === undefined ? sum : ir.mul(sum, wide ? ir.splat(shrink) : shrink)
    const at = (vector: number): Value => ir.add(column, vector * lanes)
    const sums = range(vectors).map((vector) => {
      const sum = wide ? ir.sharedLoadFour(scratch.sums, at(vector)) : ir.sharedLoad(scratch.sums, at(vector))
      return k.var(`${prefix}${vector}`, shrunk(sum))
    })
    const first = k.let(`${prefix}Start`, ir.add(row.value(from), column))
    k.loop(`${prefix}Key`, 0, here, (key) => {
      const weight = ir.sharedLoad(scratch.pairs, key)
      const factor = k.let(`${prefix}Weight`, wide ? ir.splat(weight) : weight)
      const start = k.let(`${prefix}Row`, ir.add(first, ir.mul(key, valueDim)))
      sums.forEach((sum, vector) => {
        const place = ir.add(start, vector * lanes)
        k.set(sum, ir.fma(factor, wide ? ir.loadFour(row.values, place) : ir.load(row.values, place), sum))
      })
    })
    sums.forEach((sum, vector) => k.sharedStore(scratch.sums, at(vector), sum))
  }
  const width = together * lanes
  const whole = valueDim - (valueDim % width)
  const fours = valueDim - (valueDim % lanes)
  if (whole > 0) k.strided('column', 0, whole, width, (column) => add('wide', column, together, true))
  if (fours > whole) add('four', ir.u32(whole), (fours - whole) / lanes, true)
  if (valueDim > fours) k.loop('column', fours, valueDim, (column) => add('one', column, 1, false))
}
