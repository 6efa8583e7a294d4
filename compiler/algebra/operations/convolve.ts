/** A depthwise convolution over the values, added to the rows of an attention. */
import type { Convolve } from '../rows.ts'
import type { Matrix, OperationRecord } from './record.ts'

/** The record of `convolve`. */
export const convolve: OperationRecord<Convolve> = {
  operands: ({ rows, values, filter }) => [rows, values, filter],
  shape: ({ rows }, of) => of(rows),
  evaluate({ rows, values, filter }, { rows: rowsOf }) {
    const [taps] = rowsOf(filter)
    const around = rowsOf(values)
    const added = (entry: number, i: number, column: number): number =>
      entry + (taps === undefined ? 0 : tapped(taps, around, i, column))
    return rowsOf(rows).map((row, i) => row.map((entry, column) => added(entry, i, column)))
  },
  keysPermutable: () => 'the convolution goes by the place of a value',
  weightsPositive: () => 'the filter of the convolution may be negative',
  prefixStable: () => 'its convolution sees the rows after a row',
  formula: ({ rows, values, filter }, name) =>
    `${name(rows)} + ${name(values)} convolved with ${name(filter)}, ${filter.width} wide`,
}

/** Values around row i, weighed; zeros beyond both ends. */
const tapped = (taps: Float64Array, values: Matrix, i: number, column: number): number =>
  taps.reduce((sum, tap, t) => sum + tap * (values[i + t - (taps.length - 1) / 2]?.[column] ?? 0), 0)
