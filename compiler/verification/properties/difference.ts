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

/** The worst entry beyond its tolerance, if there is one; what is not finite is worst. */
export function worstDifference(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  allowed: (index: number) => number,
  { heads, rows, valueDim }: Layout,
): Difference | undefined {
  let worst = -1
  let excess = 1
  for (let index = 0; index < expected.length; index++) {
    const value = found[index] ?? Number.NaN
    const gap = Math.abs(value - (expected[index] ?? 0))
    const ratio = Number.isFinite(value) ? gap / allowed(index) : Infinity
    if (ratio > excess || (worst < 0 && ratio === Infinity)) {
      worst = index
      excess = ratio
    }
  }
  if (worst < 0) return undefined
  const rowIndex = Math.floor(worst / valueDim)
  const group = Math.floor(rowIndex / rows.length)
  return {
    batchItem: Math.floor(group / heads),
    head: group % heads,
    row: rows[rowIndex % rows.length] ?? 0,
    column: worst % valueDim,
    found: found[worst] ?? Number.NaN,
    expected: expected[worst] ?? 0,
    allowed: allowed(worst),
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
  return {
    columns: ['column', ...columns.map(([name]) => name)],
    rows: shown.map((at) => [
      String(at),
      ...columns.map(([, values]) => numberText(values[start + at] ?? Number.NaN)),
    ]),
  }
}

const shownColumns = 4

/** Seven digits, all that f32 has. */
export const numberText = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(7))) : String(value)

/** `3.1e-7` */
export const smallText = (value: number): string =>
  value === 0 || !Number.isFinite(value) ? String(value) : value.toExponential(1)
