/**
 * Product, for one thread: a tile of rows of a head's left matrix goes through the right matrix, whose rows are packed
 * a tile at a time. The left matrix is read where it lies.
 */
import type { ProductPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author } from '../author.ts'
import type { Binding, Kernel, SharedArray, Value } from '../kernel.ts'
import { frame, u32Name } from '../lower/frame.ts'
import { lengthOfRows, summaryOf } from '../lower/product.ts'
import { rowsFrom, rowStart } from '../lower/row-places.ts'
import type { RowPlaces } from '../lower/row-places.ts'
import { countOf, guarded, headNames, namedPlaces, placesOf } from '../lower/rows.ts'
import { eachLane, extent, lanes, range, within } from '../lower/tile.ts'
import { packColumns, roundedUp, valueRoundedUp } from './panels.ts'
import type { Matrix } from './panels.ts'
import { addProducts, eachOfTile, tileColumns, tileOf, tileRows } from './tile-product.ts'

/** The kernel of factor · left · right, or of factor · left · (diagonal·I − right), for each head. */
export function lowerProduct(schedule: Schedule, pass: ProductPass): Kernel {
  const { tile, over, left, right } = pass
  const { binding, counts, kernel } = frame(schedule, pass)
  const width = roundedUp(pass.columns, tileColumns)
  const floats = (name: string, length: number): SharedArray => ({ name, element: 'f32', length })
  const panels = floats('panels', tile.steps * width)
  const sums = floats('sums', tile.rows * width)
  const depth = countOf(right, counts)
  const body = record((k) => {
    k.use(headNames(over, [['rowTile', Math.ceil(left.count / tile.rows)]], counts))
    const firstRow = k.let('firstRow', ir.mul(u32Name('rowTile'), tile.rows))
    guarded(k, pass.only, counts, () => {
      const rightMatrix = namedPlaces(k, 'firstRight', placesOf(right, over, pass.columns))
      const rowLength = k.let('rowLength', lengthOfRows(left, right, binding(left.buffer)))
      const leftRows = namedPlaces(k, 'firstLeft', rowsFrom(placesOf(left, over, rowLength), firstRow))
      const rows = k.let('rows', extent(firstRow, ir.u32(left.count), tile.rows))
      const all = k.let('sumsEnd', ir.mul(valueRoundedUp(rows, tileRows), width))
      k.strided('cleared', 0, all, lanes, (at) => k.sharedStore(sums, at, ir.splat(0)))
      k.strided('from', 0, depth, tile.steps, (from) => {
        const here = k.let('here', extent(from, depth, tile.steps))
        const matrix = rightRows(pass, binding(right.buffer), rightMatrix, from)
        k.use(packColumns({ prefix: 'right', matrix, rows: here, into: panels, most: tile.steps }))
        k.strided('row', 0, rows, tileRows, (row) => {
          const starts = eachLane((lane) => {
            const start = rowStart(leftRows, within(ir.add(row, lane), rows))
            return k.let(`leftRow${lane}`, ir.add(start, from))
          })
          const entry = (lane: number, t: Value): Value =>
            ir.load(binding(left.buffer), ir.add(starts[lane] ?? t, t))
          addTiles(k, { row, here, entry, panels, sums, width, steps: tile.steps })
        })
      })
      storeProduct(k, pass, { sums, width, rows, firstRow, out: binding(pass.out.buffer) })
    })
  })
  return kernel(summaryOf(pass), [panels, sums], body)
}

/** Rows of the right matrix from one on, or of diagonal·I less it. */
function rightRows(
  { columns, diagonal }: ProductPass,
  buffer: Binding,
  places: RowPlaces,
  from: Value,
): Matrix {
  const at = (row: Value, column: Value): Value => ir.add(rowStart(places, row), column)
  const start = (row: Value): Value => ir.add(from, row)
  if (diagonal === undefined)
    return {
      columns,
      start,
      entry: (row, column) => ir.load(buffer, at(row, column)),
      four: (row, column) => ir.loadFour(buffer, at(row, column)),
    }
  const unit = (row: Value, column: Value): Value => ir.select(ir.eq(row, column), ir.f32(diagonal), 0)
  return {
    columns,
    start,
    entry: (row, column) => ir.sub(unit(row, column), ir.load(buffer, at(row, column))),
    four: (row, column) => {
      const [a, b, c, d] = eachLane((lane) => unit(row, ir.add(column, lane)))
      return ir.sub(ir.vec4(a, b, c, d), ir.loadFour(buffer, at(row, column)))
    },
  }
}

/** Four rows of the left matrix, and the packed rows of the right one. */
interface Tiles {
  /** The first of the rows, in the tile of rows. */
  readonly row: Value
  /** How many rows of the right matrix are packed. */
  readonly here: Value
  /** An entry of the left matrix, by the row and by the packed row that it meets. */
  readonly entry: (lane: number, t: Value) => Value
  readonly panels: SharedArray
  readonly sums: SharedArray
  readonly width: number
  readonly steps: number
}

/** Adds the products to the sums of four rows. */
function addTiles(k: Author, { row, here, entry, panels, sums, width, steps }: Tiles): void {
  k.strided('column', 0, width, tileColumns, (column) => {
    const place = (of: number, offset: number): Value =>
      ir.add(ir.mul(row, width), column, of * width + offset)
    const tile = tileOf(k, 'tile', (of, vector) => ir.sharedLoadFour(sums, place(of, vector * lanes)))
    addProducts(k, tile, { name: 'tile_t', from: 0, to: here }, (t) => ({
      left: (of) => entry(of, t),
      right: (vector) =>
        ir.sharedLoadFour(panels, ir.add(ir.mul(column, steps), ir.mul(t, tileColumns), vector * lanes)),
    }))
    eachOfTile(tile, (sum, of, offset) => k.sharedStore(sums, place(of, offset), sum))
  })
}

interface Summed {
  readonly sums: SharedArray
  readonly width: number
  readonly rows: Value
  readonly firstRow: Value
  readonly out: Binding
}

function storeProduct(k: Author, pass: ProductPass, { sums, width, rows, firstRow, out }: Summed): void {
  const { columns, factor, over } = pass
  const fours = columns - (columns % lanes)
  k.loop('storedRow', 0, rows, (row) => {
    const from = k.let('sumStart', ir.mul(row, width))
    const to = k.let('outStart', rowStart(placesOf(pass.out, over, columns), ir.add(firstRow, row)))
    if (fours > 0)
      k.strided('stored', 0, fours, lanes, (column) => {
        const sum = ir.sharedLoadFour(sums, ir.add(from, column))
        k.store(out, ir.add(to, column), ir.mul(sum, ir.splat(factor)))
      })
    for (const column of range(columns - fours))
      k.store(
        out,
        ir.add(to, fours + column),
        ir.mul(ir.sharedLoad(sums, ir.add(from, fours + column)), factor),
      )
  })
}
