/** Where two results differ by more than they may, and the rows that show it. */
import type { Call } from '../execution/executor.ts'
import type { Table } from '../report.ts'

export interface Layout {
  readonly heads: number
  /** Query rows of each head. */
  readonly rows: readonly number[]
  readonly valueDim: number
}

export interface Difference {
  /** The output row with the worst entry. */
  readonly batchItem: number
  readonly head: number
  readonly row: number
  readonly column: number
  readonly found: number
  readonly expected: number
  readonly allowed: number
}

/** Near the largest f32 number, what is summed on the way may be beyond it. */
const nearlyOverflows = 1e36

/**
 * The worst entry beyond its tolerance, if there is one; what is not finite is worst.
 * Where the tolerance is infinite, and where what is expected is nearly beyond f32,
 * anything is right.
 */
export function worstDifference(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  allowed: (index: number) => number,
  layout: Layout,
): Difference | undefined {
  let worst = -1
  let excess = 1
  for (let index = 0; index < expected.length; index++) {
    const value = found[index] ?? Number.NaN
    const wanted = expected[index] ?? 0
    const tolerance = allowed(index)
    if (tolerance === Infinity || Math.abs(wanted) > nearlyOverflows) continue
    const ratio = Number.isFinite(value) ? Math.abs(value - wanted) / tolerance : Infinity
    if (ratio > excess || (worst < 0 && ratio === Infinity)) {
      worst = index
      excess = ratio
    }
  }
  if (worst < 0) return undefined
  return differenceAt(worst, found[worst] ?? Number.NaN, expected[worst] ?? 0, allowed(worst), layout)
}

/** The first entry that is no number, if there is one. */
export function firstWild(found: ArrayLike<number>, layout: Layout): Difference | undefined {
  const index = Array.from(found).findIndex((value) => !Number.isFinite(value))
  return index < 0 ? undefined : differenceAt(index, found[index] ?? Number.NaN, 0, 0, layout)
}

function differenceAt(
  index: number,
  found: number,
  expected: number,
  allowed: number,
  { heads, rows, valueDim }: Layout,
): Difference {
  const rowIndex = Math.floor(index / valueDim)
  const group = Math.floor(rowIndex / rows.length)
  return {
    batchItem: Math.floor(group / heads),
    head: group % heads,
    row: rows[rowIndex % rows.length] ?? 0,
    column: index % valueDim,
    found,
    expected,
    allowed,
  }
}

export const layoutOf = ({ heads, length }: Call, valueDim: number): Layout => ({
  heads,
  rows: Array.from({ length }, (_, row) => row),
  valueDim,
})

/** `row 3 of head 0 in batch item 1`, as short as the shape allows. */
export function whereIs({ batchItem, head, row, column }: Difference, { batch, heads }: Call): string {
  const parts = [
    `row ${row}, column ${column}`,
    ...(heads > 1 ? [`head ${head}`] : []),
    ...(batch > 1 ? [`batch item ${batchItem}`] : []),
  ]
  return parts.join(' of ')
}

/** The entries about the worst one, side by side. */
export function tableOf(
  difference: Difference,
  columns: readonly [string, ArrayLike<number>][],
  { heads, rows, valueDim }: Layout,
): Table {
  const { batchItem, head, row, column } = difference
  const start = ((batchItem * heads + head) * rows.length + rows.indexOf(row)) * valueDim
  const first = Math.max(0, Math.min(column - 1, valueDim - shownColumns))
  const shown = Array.from({ length: Math.min(shownColumns, valueDim) }, (_, n) => first + n)
  const cells = (at: number, text: (value: number) => string): string[] =>
    columns.map(([, values]) => text(values[start + at] ?? Number.NaN))
  // What differs is shown with as many digits as it takes.
  const [left, right] = cells(column, numberText)
  const text = left === right ? allDigits : numberText
  return {
    columns: ['column', ...columns.map(([name]) => name)],
    rows: shown.map((at) => [String(at), ...cells(at, text)]),
  }
}

const shownColumns = 4

/** Seven digits, all that f32 has. */
export const numberText = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(7))) : String(value)

/** Nine, by which any two f32 numbers are told apart. */
const allDigits = (value: number): string => String(Number(value.toPrecision(9)))

/** `3.1e-7` */
export const smallText = (value: number): string =>
  value === 0 || !Number.isFinite(value) ? String(value) : value.toExponential(1)
