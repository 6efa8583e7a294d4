/** The walk for gradients of queries: see `retrace.ts`. */
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import type { Value } from '../kernel.ts'
import { headsOf, owner, visible } from '../lower/frame.ts'
import { rowFactor } from '../lower/readout.ts'
import { rowsOfCall, rowStart } from '../lower/row-places.ts'
import { largestExponent } from '../../symbolic/single.ts'
import { extent, fourLanes, lanes, range } from '../lower/tile.ts'
import { downTo } from './chunk.ts'
import type { Chunk, Stretch } from './chunk.ts'
import { multiplyValues, readState, storeCotangents } from './cotangents.ts'
import { rowsOf } from './operands.ts'
import type { Retrace } from './retraced.ts'
import { cotangentLayout, headOfSlice } from './retrace-layout.ts'
import { begin, copyValues, declare, fillKeys, fillReaders, first, turnReaders } from './retrace-steps.ts'
import type { Scales } from './scales.ts'
import { isStored } from './sums.ts'
import { through } from './through.ts'

/** Reads the state of keys and values by the cotangents of rows. */
export function retraceQueries(k: Author, retrace: Retrace): void {
  const { schedule, pass, frame, cotangents } = retrace
  const chunk = retrace.chunk({ begin: () => (place) => place, store: () => undefined })
  const [keyRows, queryRows] = [rowsOf(schedule, pass, frame, 'key'), rowsOf(schedule, pass, frame, 'query')]
  const { valueDim } = schedule
  const values = {
    buffer: frame.binding('v'),
    begin: (row: Value) => rowStart(rowsOfCall('key', valueDim), row),
    rows: keyRows,
  }
  const given = {
    buffer: frame.binding('dout'),
    begin: (row: Value) => rowStart(rowsOfCall('query', valueDim), row),
    rows: queryRows,
  }
  declare(k, retrace, chunk)
  const scales = begin(k, retrace, chunk)
  const fill = (keys: Value): void => {
    fillKeys(k, retrace, keyRows, keys)
    copyValues(k, retrace, chunk, values, keys)
  }
  const read = (stretch: Stretch): void =>
    k.loop('headInGroup', 0, headsOf(schedule.groups), (head) => {
      k.let('queryHead', ir.add(ir.mul(owner.group, headsOf(schedule.groups)), head))
      fillReaders(k, retrace, queryRows, stretch)
      turnReaders(k, retrace, given, stretch)
      scales?.weighQueries(stretch)
      if (pass.causal) multiplyValues(k, chunk, cotangents, stretch)
      readState(k, chunk, cotangents, stretch, false)
      finishRows(k, retrace, chunk, stretch)
    })
  overRows(k, retrace, chunk, scales, { fill, read })
}

/** Keys into the state and rows out of it, in chunks: side by side where the attention is causal. */
function overRows(
  k: Author,
  { pass: { rows, causal } }: Retrace,
  chunk: Chunk,
  scales: Scales | undefined,
  { fill, read }: { readonly fill: (keys: Value) => void; readonly read: (stretch: Stretch) => void },
): void {
  const length = ir.shape('length')
  if (!causal)
    k.strided('first', 0, visible, rows, (from) => {
      const keys = k.let('keys', extent(from, visible, rows))
      fill(keys)
      through(k, chunk, scales, { here: keys, keys }, () => undefined)
    })
  k.strided('first', 0, length, rows, (from) => {
    const here = k.let('here', extent(from, length, rows))
    if (!causal) return read({ from: ir.u32(0), to: here, keysTo: ir.u32(0) })
    const keys = k.let('keys', ir.call('min', extent(from, visible, rows), here))
    fill(keys)
    through(k, chunk, scales, { here, keys }, read)
  })
}

/** What four rows' cotangents are multiplied by, and what is taken off: vec4f. */
interface RowFactors {
  /** One after the other, where one might not be finite. */
  readonly factors: readonly Value[]
  /** The product of a row's cotangents with its result, where it is divided. */
  readonly product: Value | undefined
}

/** ĝ of the stretch's rows, and the cotangents of φ. */
function finishRows(k: Author, retrace: Retrace, chunk: Chunk, stretch: Stretch): void {
  const { schedule, frame, arrays, cotangents, scales } = retrace
  const { features } = schedule
  const queries = frame.binding('queryCotangents')
  const firstRow = ir.add(ir.mul(headOfSlice(schedule), ir.shape('length')), first)
  const out = {
    buffer: queries,
    begin: (place: Value) => ir.mul(ir.add(firstRow, place), features),
    store: (author: Author, index: Value, value: Value) => author.store(queries, index, value),
  }
  k.strided('row4', downTo(stretch.from, lanes), stretch.to, lanes, (row) => {
    const found = factorsOf(k, retrace, row)
    storeRows(k, retrace, chunk, stretch, row, found)
    const { factors, product } = found
    storeCotangents(k, chunk, stretch, row, out, (at) => {
      const whole = ir.sharedLoadFour(cotangents.ofState, at)
      const rest =
        product === undefined || cotangents.reached === undefined
          ? whole
          : ir.sub(whole, ir.mul(product, ir.sharedLoadFour(cotangents.reached, at)))
      const powers = scales && ir.sharedLoadFour(scales.queryPowers ?? arrays.ofQueries, at)
      return [...factors, ...(powers ? [powers] : [])].reduce<Value>(
        (value, factor) => ir.mul(value, factor),
        rest,
      )
    })
  })
}

function factorsOf(
  k: Author,
  { schedule, pass, arrays, cotangents, scales }: Retrace,
  row: Value,
): RowFactors {
  const scale = scales && k.let('scaleOfRows', ir.sharedLoadFour(scales.rowScales, row))
  const { reached, ofState } = cotangents
  if (reached === undefined) {
    if (scale === undefined) return { factors: [], product: undefined }
    // A scale may be ahead of what it measures: the power of all of it might be too large where the product is not.
    const half = k.let('half', ir.call('exp2', ir.call('min', ir.mul(scale, ir.splat(0.5)), largestExponent)))
    return { factors: [half, half], product: undefined }
  }
  const total = k.var('total', ir.splat(0))
  const dot = k.var('dot', ir.splat(0))
  k.loop('summedFeature', 0, schedule.features, (feature) => {
    const at = k.let('summedAt', ir.add(ir.mul(feature, pass.rows), row))
    const weight = k.let('summedWeight', ir.sharedLoadFour(arrays.ofQueries, at))
    k.set(total, ir.fma(weight, ir.sharedLoadFour(reached, at), total))
    k.set(dot, ir.fma(weight, ir.sharedLoadFour(ofState, at), dot))
  })
  const each = fourLanes.map(
    (lane) => rowFactor(pass, ir.lane(total, lane), scale && ir.lane(scale, lane)) ?? ir.f32(1),
  )
  const [a = ir.f32(1), b = a, c = a, d = a] = each
  const factor = k.let('factor', ir.vec4(a, b, c, d))
  return { factors: [factor], product: k.let('product', ir.mul(dot, factor)) }
}

/** Leaves ĝ of four rows, that of their denominators, and their scales. */
function storeRows(
  k: Author,
  { schedule, frame, scales }: Retrace,
  chunk: Chunk,
  stretch: Stretch,
  row: Value,
  { factors, product }: RowFactors,
): void {
  const { valueDim } = schedule
  const out = frame.binding('rowCotangents')
  const given = frame.binding('dout')
  const layout = cotangentLayout(schedule)
  const [factor] = factors
  const total = product && factor ? k.let('ofTotal', ir.neg(ir.mul(product, factor))) : ir.splat(0)
  const whole = valueDim - (valueDim % lanes)
  for (const lane of fourLanes) {
    const place = ir.add(row, lane)
    k.if(isStored(chunk, place, stretch), () => {
      const own = k.let('ownRow', ir.add(first, place))
      const from = k.let('givenStart', rowStart(rowsOfCall('query', valueDim), own))
      const to = k.let('leftStart', layout.row(own))
      const times = factors.map((one, n) => k.let(`times${n}`, ir.lane(one, lane)))
      const product = (value: Value, wide: boolean): Value =>
        times.reduce<Value>((left, one) => ir.mul(left, wide ? ir.splat(one) : one), value)
      if (whole > 0)
        k.strided('leftColumn', 0, whole, lanes, (column) =>
          k.store(out, ir.add(to, column), product(ir.loadFour(given, ir.add(from, column)), true)),
        )
      for (const column of range(valueDim - whole))
        k.store(out, ir.add(to, whole + column), product(ir.load(given, ir.add(from, whole + column)), false))
      k.store(out, layout.total(own), ir.lane(total, lane))
      if (scales !== undefined)
        k.store(out, layout.scale(own), ir.lane(ir.sharedLoadFour(scales.rowScales, row), lane))
    })
  }
}
