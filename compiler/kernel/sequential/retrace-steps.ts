/** Steps that both walks for gradients take. */
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import type { Binding, Value } from '../kernel.ts'
import { divide, groupNames, u32Name } from '../lower/frame.ts'
import { within } from '../lower/tile.ts'
import type { ChunkRows, Target } from './chunk-features.ts'
import type { Chunk, Stretch } from './chunk.ts'
import { fillOrder } from './cotangents.ts'
import { copyRows, matrixIn } from './panels.ts'
import type { Retrace } from './retraced.ts'
import { Scales } from './scales.ts'
import { tileColumns, tileRows } from './tile-product.ts'
import { turnOver } from './turned-rows.ts'
import { clear } from './walk.ts'

/** Declares the names of the group, and fills what is the same for all of its chunks. */
export function declare(k: Author, { schedule, frame, cotangents }: Retrace, chunk: Chunk): void {
  k.use(divide([], 'slice'), groupNames(frame.counts, schedule.groups, false))
  frame.action.declare(k)
  chunk.powers.fill(k)
  fillOrder(k, chunk, cotangents)
  // Columns that are not there: what reads the state has zeros there, as the state has.
  const { turned } = cotangents
  if (chunk.columns !== schedule.valueDim) clear(k, turned, schedule.valueDim * chunk.pass.rows)
}

/** The state of no rows; gives the scales of a walk. */
export function begin(k: Author, { schedule, arrays, scales }: Retrace, chunk: Chunk): Scales | undefined {
  const { features } = schedule
  clear(k, arrays.sums)
  clear(k, arrays.totals)
  if (features % tileRows !== 0)
    for (const array of [arrays.ofKeys, arrays.ofQueries, scales?.queryPowers])
      if (array !== undefined) clear(k, array, features * chunk.pass.rows)
  const own = scales && new Scales(k, chunk, scales)
  own?.start()
  return own
}

/** φ of rows that enter the state, of so many places. */
export function fillKeys(k: Author, retrace: Retrace, rows: ChunkRows, keys: Value): void {
  const { arrays, scales, features } = retrace
  const target: Target = scales
    ? { values: scales.keyExponents, coefficients: scales.keyCoefficients }
    : { values: arrays.ofKeys, coefficients: undefined }
  features[rows.side].fill(k, rows, target, tilesOf({ from: ir.u32(0), to: keys }))
}

/** φ of rows that read it. */
export function fillReaders(k: Author, retrace: Retrace, rows: ChunkRows, stretch: Stretch): void {
  const { arrays, scales, features } = retrace
  const target: Target = scales
    ? {
        values: scales.queryExponents,
        coefficients: scales.queryCoefficients,
        written: scales.queryPowers,
      }
    : { values: arrays.ofQueries, coefficients: undefined }
  features[rows.side].fill(k, rows, target, tilesOf(stretch))
}

const tilesOf = ({ from, to }: Pick<Stretch, 'from' | 'to'>) => ({
  from: ir.div(from, tileColumns),
  to: ir.div(ir.add(to, tileColumns - 1), tileColumns),
})

/** Rows of a chunk in a buffer: where the row of a place begins. */
export interface Numbers {
  readonly buffer: Binding
  readonly begin: (row: Value) => Value
  readonly rows: Pick<ChunkRows, 'row' | 'there'>
}

const rowAt = ({ row, there }: Numbers['rows'], place: Value, lane = 0): Value =>
  within(row(place, lane), there)

/** Copies what weights of keys are multiplied by. */
export function copyValues(
  k: Author,
  retrace: Retrace,
  chunk: Chunk,
  { buffer, begin, rows }: Numbers,
  keys: Value,
): void {
  const { values } = retrace.cotangents
  const matrix = matrixIn(buffer, retrace.schedule.valueDim, (place) => begin(rowAt(rows, place)))
  k.use(
    copyRows({
      prefix: 'value',
      matrix,
      rows: keys,
      into: values,
      stride: chunk.columns,
      multiple: tileRows,
    }),
  )
}

/** Turns over what reads the state, of the tiles of a stretch. */
export function turnReaders(
  k: Author,
  retrace: Retrace,
  { buffer, begin, rows }: Numbers,
  { from, to }: Stretch,
): void {
  const { schedule, pass, cotangents } = retrace
  const turned = {
    word: 'reader',
    buffer,
    begin: (four: Value, lane: number) => begin(rowAt(rows, four, lane)),
    width: schedule.valueDim,
    into: cotangents.turned,
    stride: pass.rows,
  }
  const { from: first, to: last } = tilesOf({ from, to })
  k.strided('reader4', ir.mul(first, tileColumns), ir.mul(last, tileColumns), 4, (four) =>
    turnOver(k, turned, four),
  )
}

/** The chunk's first place. */
export const first = u32Name('first')
