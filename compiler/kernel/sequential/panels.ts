/**
 * Matrices copied into scratch, in the order in which a tile product reads them
 * and with nothing missing at their ends: columns that are not there are zero,
 * and rows that are not there repeat the last one that is. Nothing is read
 * beyond what is there, where a caller may have left anything.
 */
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import type { Binding, SharedArray, Value } from '../kernel.ts'
import { lanes, within } from '../lower/tile.ts'
import { tileColumns } from './tile-product.ts'

const eight = [0, 1, 2, 3, 4, 5, 6, 7] as const

/** A matrix to copy. Its rows are wherever `start` says, the entries of each side by side. */
export interface Matrix {
  /** Entries of a row. */
  readonly columns: number
  /** What `entry` and `four` want to know of a row, such as its index in the buffer: u32. */
  readonly start: (row: Value) => Value
  /** f32: the entry at a column. */
  readonly entry: (start: Value, column: Value) => Value
  /** vec4f: the entries at a column and the three after it, all of which are there. */
  readonly four: (start: Value, column: Value) => Value
}

/** A matrix in a buffer: `first` is the index of a row's first entry. */
export const matrixIn = (buffer: Binding, columns: number, first: (row: Value) => Value): Matrix => ({
  columns,
  start: first,
  entry: (start, column) => ir.load(buffer, ir.add(start, column)),
  four: (start, column) => ir.loadFour(buffer, ir.add(start, column)),
})

/** The next multiple. */
export const roundedUp = (count: number, multiple: number): number => Math.ceil(count / multiple) * multiple

/** The next multiple of a u32. */
export const valueRoundedUp = (count: Value, multiple: number): Value =>
  ir.mul(ir.div(ir.add(count, multiple - 1), multiple), multiple)

/** What is copied where, and how many of the matrix's rows are there: u32. */
export interface Copying {
  /** Begins the names, so that several copies may stand in one scope. */
  readonly prefix: string
  readonly matrix: Matrix
  readonly rows: Value
  readonly into: SharedArray
}

/**
 * Row by row, rows `stride` apart, a multiple of 4: for a left operand, whose entry (row, t) is at row·stride + t. As
 * many rows as are there, rounded up to `multiple`.
 */
export function copyRows(of: Copying & { readonly stride: number; readonly multiple: number }): Body {
  const { prefix, matrix, rows, stride, multiple } = of
  const start = (row: Value): ReturnType<typeof ir.let_> =>
    ir.let_(`${prefix}_from`, matrix.start(within(row, rows)))
  return ir.for_(`${prefix}_row`, 0, valueRoundedUp(rows, multiple), 1, (row) => {
    const from = start(row)
    const to = ir.let_(`${prefix}_to`, ir.mul(row, stride))
    return [from, to, copyFours(of, ir.ref(from), stride, (column) => ir.add(ir.ref(to), column))]
  })
}

/**
 * In panels of eight columns, [column / 8][row][column mod 8], `most` rows in each: for a right operand, whose entries
 * (t, 8·panel …) are at (panel·most + t)·8.
 */
export function packColumns(of: Copying & { readonly most: number }): Body {
  const { prefix, matrix, rows, most } = of
  const place = (row: Value, column: Value): Value => ir.add(ir.mul(column, most), ir.mul(row, tileColumns))
  return ir.for_(`${prefix}_row`, 0, rows, 1, (row) => {
    const from = ir.let_(`${prefix}_from`, matrix.start(row))
    // The panel's start counts the whole eights of the column, the rest comes on top.
    return [
      from,
      copyFours(of, ir.ref(from), roundedUp(matrix.columns, tileColumns), (column) =>
        ir.add(place(row, ir.sub(column, ir.mod(column, tileColumns))), ir.mod(column, tileColumns)),
      ),
    ]
  })
}

/** The columns of one row, four at a time, zeros up to `width`. */
function copyFours(
  { prefix, matrix, into }: Copying,
  start: Value,
  width: number,
  place: (column: Value) => Value,
): Body {
  const { columns } = matrix
  const whole = columns - (columns % lanes)
  const copied = ir.for_(`${prefix}_column`, 0, whole, lanes, (column) =>
    ir.sharedStore(into, place(column), matrix.four(start, column)),
  )
  const rest = Array.from({ length: (width - whole) / lanes }, (_, four) => {
    const entry = (lane: number): Value => {
      const column = whole + four * lanes + lane
      return column < columns ? matrix.entry(start, ir.u32(column)) : ir.f32(0)
    }
    return ir.sharedStore(
      into,
      place(ir.u32(whole + four * lanes)),
      ir.vec4(entry(0), entry(1), entry(2), entry(3)),
    )
  })
  return [whole === 0 ? [] : copied, rest]
}

/**
 * Transposed, in panels of eight rows, [row / 8][column][row mod 8]: for a right operand whose columns are the rows of
 * the matrix, with the entries (t, 8·panel …) at (panel·columns + t)·8.
 */
export function packRows({ prefix, matrix, rows, into }: Copying): Body {
  const { columns } = matrix
  return ir.for_(`${prefix}_row`, 0, rows, tileColumns, (first) => {
    const starts = eight.map((row) =>
      ir.let_(`${prefix}_from${row}`, matrix.start(within(ir.add(first, row), rows))),
    )
    const to = ir.let_(`${prefix}_to`, ir.mul(first, columns))
    return [
      starts,
      to,
      ir.for_(`${prefix}_column`, 0, columns, 1, (column) => {
        const entry = (row: number): Value => {
          const start = starts[row]
          return start === undefined ? ir.f32(0) : matrix.entry(ir.ref(start), column)
        }
        const at = ir.let_(`${prefix}_at`, ir.add(ir.ref(to), ir.mul(column, tileColumns)))
        return [
          at,
          ir.sharedStore(into, ir.ref(at), ir.vec4(entry(0), entry(1), entry(2), entry(3))),
          ir.sharedStore(into, ir.add(ir.ref(at), lanes), ir.vec4(entry(4), entry(5), entry(6), entry(7))),
        ]
      }),
    ]
  })
}
