/** The walk for gradients of keys and values: see `retrace.ts`. */
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Binding, Value } from '../kernel.ts'
import { headsOf, owner, u32Name, visible } from '../lower/frame.ts'
import { rowsOfCall, rowStart } from '../lower/row-places.ts'
import { extent, inLanes, lanes, within } from '../lower/tile.ts'
import type { ChunkRows } from './chunk-features.ts'
import { downTo } from './chunk.ts'
import type { Chunk, OutRows, Stretch } from './chunk.ts'
import { multiplyValues, readState, storeCotangents } from './cotangents.ts'
import { rowsOf } from './operands.ts'
import { valueRoundedUp } from './panels.ts'
import type { Retrace } from './retraced.ts'
import { cotangentLayout } from './retrace-layout.ts'
import { begin, copyValues, declare, fillKeys, fillReaders, first, turnReaders } from './retrace-steps.ts'
import type { Scales } from './scales.ts'
import { readRows, weighPairs } from './sums.ts'
import { through } from './through.ts'
import { tileColumns } from './tile-product.ts'

/** Keys at or above are of rows that see no key, and have no scale. */
const hidden = lowest / 2

/** The last row: places are counted from it. */
const last = u32Name('last')
const rowOf = (place: Value, lane = 0): Value => ir.sub(last, ir.add(first, place, lane))

/** Has queries with their cotangents enter a state, and keys with their values read it. */
export function retraceKeys(k: Author, retrace: Retrace): void {
  const { schedule, frame } = retrace
  const chunk = retrace.chunk(rowsInto(frame.binding('valueCotangents'), schedule.valueDim))
  declare(k, retrace, chunk)
  const heads = headsOf(schedule.groups)
  k.loop('headInGroup', 0, heads, (head) => {
    k.let('queryHead', ir.add(ir.mul(owner.group, heads), head))
    const scales = begin(k, retrace, chunk)
    if (retrace.pass.causal) {
      withoutQueries(k, retrace)
      fromTheLast(k, retrace, chunk, scales)
    } else {
      allQueries(k, retrace, chunk, scales)
      allKeys(k, retrace, chunk, scales)
    }
  })
}

/** Rows of a group's keys in a buffer, to which the heads of the group add. */
function rowsInto(buffer: Binding, width: number): OutRows {
  return {
    begin: () => (place) => startOf(rowOf(place), width),
    there: (place) => ir.lt(rowOf(place), visible),
    store: (k, index, value) => {
      const wide = ir.typeOf(value) === 'vec4f'
      const before = wide ? ir.loadFour(buffer, index) : ir.load(buffer, index)
      k.if(
        ir.eq(owner.headInGroup, 0),
        () => k.store(buffer, index, value),
        () => k.store(buffer, index, ir.add(before, value)),
      )
    },
  }
}

const startOf = (row: Value, width: number): Value =>
  ir.mul(ir.add(ir.mul(owner.slice, ir.shape('keyLength')), row), width)

/** Keys behind the last query have no gradient. */
function withoutQueries(k: Author, { schedule, frame }: Retrace): void {
  k.if(ir.eq(owner.headInGroup, 0), () =>
    k.loop('unseenRow', ir.call('min', ir.shape('length'), visible), visible, (row) => {
      const zero = (name: string, width: number): void =>
        k.loop(`${name}Unseen`, 0, width, (column) =>
          k.store(frame.binding(name), ir.add(startOf(row, width), column), ir.f32(0)),
        )
      zero('valueCotangents', schedule.valueDim)
      zero('keyCotangents', schedule.features)
    }),
  )
}

/** A chunk of the last rows, then one of the rows before, and so on. */
function fromTheLast(k: Author, retrace: Retrace, chunk: Chunk, scales: Scales | undefined): void {
  const { rows } = retrace.pass
  const length = ir.shape('length')
  k.let('last', ir.sub(length, 1))
  k.strided('first', 0, length, rows, (from) => {
    const here = k.let('here', extent(from, length, rows))
    fillQueries(k, retrace, chunk, here)
    through(k, chunk, scales, { here, keys: here }, (stretch) => readKeys(k, retrace, chunk, scales, stretch))
  })
}

function allQueries(k: Author, retrace: Retrace, chunk: Chunk, scales: Scales | undefined): void {
  const { rows } = retrace.pass
  const length = ir.shape('length')
  k.block(() => {
    k.let('last', ir.sub(length, 1))
    k.strided('first', 0, length, rows, (from) => {
      const here = k.let('here', extent(from, length, rows))
      fillQueries(k, retrace, chunk, here)
      through(k, chunk, scales, { here, keys: here }, () => undefined)
    })
  })
}

function allKeys(k: Author, retrace: Retrace, chunk: Chunk, scales: Scales | undefined): void {
  const { rows } = retrace.pass
  k.block(() => {
    k.let('last', ir.sub(visible, 1))
    k.strided('first', 0, visible, rows, (from) => {
      const to = k.let('here', extent(from, visible, rows))
      readKeys(k, retrace, chunk, scales, { from: ir.u32(0), to, keysTo: ir.u32(0) })
    })
  })
}

/** The chunk's rows on one side. */
const reversed = ({ schedule, pass, frame }: Retrace, side: 'query' | 'key'): ChunkRows => ({
  ...rowsOf(schedule, pass, frame, side),
  row: rowOf,
})

/** φ of queries over the scales of their rows, and ĝ. */
function fillQueries(k: Author, retrace: Retrace, chunk: Chunk, here: Value): void {
  const { schedule, frame, arrays, scales } = retrace
  const rows = reversed(retrace, 'query')
  const buffer = frame.binding('rowCotangents')
  const layout = cotangentLayout(schedule)
  const row = (place: Value, lane: number): Value => within(rowOf(place, lane), rows.there)
  k.strided('total4', 0, valueRoundedUp(here, tileColumns), lanes, (four) => {
    const { ofTotals } = arrays
    if (ofTotals !== undefined)
      k.sharedStore(
        ofTotals,
        four,
        inLanes((lane) => ir.load(buffer, layout.total(row(four, lane)))),
      )
    if (scales === undefined) return
    const scale = inLanes((lane) => {
      const own = ir.load(buffer, layout.scale(row(four, lane)))
      return ir.select(ir.gt(own, hidden), own, -lowest)
    })
    k.sharedStore(scales.rowScales, four, scale)
  })
  const over = scales && ((four: Value) => ir.sharedLoadFour(scales.rowScales, four))
  fillKeys(k, retrace, { ...rows, ...(over && { over }) }, here)
  copyValues(k, retrace, chunk, { buffer, begin: layout.row, rows }, here)
}

/** The stretch's keys and values out of the state: the gradients of values, and the cotangents of φ(k). */
function readKeys(
  k: Author,
  retrace: Retrace,
  chunk: Chunk,
  scales: Scales | undefined,
  stretch: Stretch,
): void {
  const { schedule, pass, frame, arrays, cotangents } = retrace
  const { features, valueDim } = schedule
  const rows = reversed(retrace, 'key')
  fillReaders(k, retrace, rows, stretch)
  scales?.weighReaders(stretch)
  if (pass.causal) weighPairs(k, chunk, stretch)
  readRows(k, chunk, stretch)
  const begin = (row: Value): Value => rowStart(rowsOfCall('key', valueDim), row)
  turnReaders(k, retrace, { buffer: frame.binding('v'), begin, rows }, stretch)
  const { ofTotals } = arrays
  if (pass.causal)
    multiplyValues(k, chunk, cotangents, stretch, ofTotals && ((key) => ir.sharedLoad(ofTotals, key)))
  readState(k, chunk, cotangents, stretch, true)
  const buffer = frame.binding('keyCotangents')
  const { begin: starts, store } = rowsInto(buffer, features)
  const out = { buffer, begin: starts(k), store }
  const powers = retrace.scales && (retrace.scales.queryPowers ?? arrays.ofQueries)
  k.strided('row4', downTo(stretch.from, lanes), stretch.to, lanes, (row) =>
    storeCotangents(k, chunk, stretch, row, out, (at) => {
      const whole = ir.sharedLoadFour(cotangents.ofState, at)
      return powers === undefined ? whole : ir.mul(whole, ir.sharedLoadFour(powers, at))
    }),
  )
}
