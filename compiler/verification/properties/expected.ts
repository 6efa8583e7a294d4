/** A result held against float64, row by row, within a bound on the rounding of f32. */
import { negativeWeights, weighsPairs } from '../../algebra/facts.ts'
import { reference } from '../../reference/reference.ts'
import { sliceRows } from '../cases/rows.ts'
import { asReference } from '../cases/weights.ts'
import { scattered } from '../cases/scatter.ts'
import type { Call } from '../execution/executor.ts'
import type { Table } from '../report.ts'
import { sensitivity } from '../rounding/sensitivity.ts'
import { mayBeBeyond, storedTolerances } from '../rounding/storage.ts'
import { tolerances } from '../rounding/tolerance.ts'
import { type Difference, layoutOf, tableOf, worstDifference } from './difference.ts'
import type { Subject } from './property.ts'

export interface Comparison {
  readonly difference: Difference | undefined
  /** The largest error over the largest expected value. */
  readonly error: number
  readonly table: Table
}

export function differenceFrom(
  subject: Subject,
  call: Call,
  out: Float32Array,
  projection: Float32Array | undefined,
): Comparison {
  if (endedBeyond(subject, out) && explainsEnd(subject, call, projection))
    return { difference: undefined, error: 0, table: { columns: [], rows: [] } }
  const rows = rowsToCompare(call.length)
  const { expected, allowed } = expectedRows(subject, call, projection, rows)
  const layout = { ...layoutOf(call, subject.model.valueDim), rows }
  const found = selectRows(out, call, rows)
  const difference = worstDifference(found, expected, (index) => allowed[index] ?? 0, layout)
  return {
    difference,
    error: relativeError(found, expected),
    table:
      difference === undefined
        ? { columns: [], rows: [] }
        : tableOf(
            difference,
            [
              ['kernels', found],
              ['float64', expected],
              ['allowed', allowed],
            ],
            layout,
          ),
  }
}

/** Whether a call ended in the error `range`, as it may: means of values are never beyond f16. */
export const endedBeyond = ({ storage, algebra }: Subject, out: Float32Array): boolean =>
  storage === 'f16' && negativeWeights(algebra) !== undefined && out.every((value) => value === Infinity)

/** Whether some row of a call is beyond f16 in float64. */
function explainsEnd(subject: Subject, call: Call, projection: Float32Array | undefined): boolean {
  const every = Array.from({ length: call.length }, (_, row) => row)
  const { expected, allowed } = expectedRows(subject, call, projection, every)
  return mayBeBeyond(expected, allowed)
}

/** The float64 value of some rows of every head, and how far f32 may be from it. */
export function expectedRows(
  { model, algebra, weights, storage }: Subject,
  call: Call,
  projection: Float32Array | undefined,
  rows: readonly number[],
): { readonly expected: Float64Array; readonly allowed: Float64Array } {
  const inputs = { ...call, ...asReference(model, weights), ...(projection && { projection }), rows }
  const expected = reference(model, inputs)
  const allowed = weighsPairs(algebra)
    ? tolerances(algebra, call, projection, rows, expected)
    : sensitivity(model, inputs, expected)
  return { expected, allowed: storedTolerances(expected, allowed, storage) }
}

/** The ends, the borders of tiles, and a choice of the others. */
export function rowsToCompare(length: number, most = 12): number[] {
  if (length <= most) return Array.from({ length }, (_, row) => row)
  const borders = [0, 31, 32, 63, 64, length - 1].filter((row) => row < length)
  const chosen = new Set(borders)
  for (let draw = 0; chosen.size < most; draw++) chosen.add(Math.floor(scattered(length, draw) * length))
  return [...chosen].sort((left, right) => left - right)
}

export function selectRows(out: Float32Array, call: Call, rows: readonly number[]): Float32Array {
  const groups = call.batch * call.heads
  const width = out.length / (groups * call.length)
  const selected = new Float32Array(groups * rows.length * width)
  rows.forEach((row, n) => {
    const one = sliceRows(out, groups, call.length, row, 1)
    for (let group = 0; group < groups; group++)
      selected.set(one.subarray(group * width, (group + 1) * width), (group * rows.length + n) * width)
  })
  return selected
}

function relativeError(found: Float32Array, expected: Float64Array): number {
  let gap = 0
  let largest = 0
  expected.forEach((value, index) => {
    gap = Math.max(gap, Math.abs((found[index] ?? Number.NaN) - value))
    largest = Math.max(largest, Math.abs(value))
  })
  return largest === 0 ? gap : gap / largest
}
