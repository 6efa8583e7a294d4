/** Permuting the keys together with their values changes nothing but roundings. */
import { times } from '../../diagnostics/counted.ts'
import * as fc from 'fast-check'
import { orderOfKeys } from '../../algebra/facts.ts'
import { cases, type Case, describeCase } from '../cases/case.ts'
import { changeRows } from '../cases/rows.ts'
import { scattered } from '../cases/scatter.ts'
import type { Call } from '../execution/executor.ts'
import { layoutOf, smallText, tableOf, whereIs, worstDifference } from './difference.ts'
import { expectedRows, rowsToCompare, selectRows } from './expected.ts'
import { callFor, executorOf, type Property, type Subject } from './property.ts'
import { tryCases } from './try-cases.ts'

export const permutation: Property = {
  name: 'permutation',
  onDevice: true,
  inapplicable: ({ algebra }) => orderOfKeys(algebra),
  check: async (subject, effort) => {
    const executor = executorOf(subject)
    return tryCases<{ readonly shape: Case; readonly order: number }>(
      {
        cases: fc.record({
          shape: cases({ heads: subject.heads, rows: subject.rows }),
          order: fc.nat({ max: 999 }),
        }),
        describe: ({ shape }) => `${describeCase(shape)}, keys in another order`,
        held: (count) => `${times(count)} the keys came in another order, and the rows were the same`,
        attempt: async ({ shape, order }) => {
          const call = callFor(subject, shape)
          const rows = rowsToCompare(call.length)
          const layout = { ...layoutOf(call, subject.model.valueDim), rows }
          const straight = selectRows(await executor.forward(call), call, rows)
          const shuffled = selectRows(await executor.forward(permuted(call, subject, order)), call, rows)
          const allowed = allowance(subject, call, executor.projection, rows)
          const difference = worstDifference(shuffled, straight, (index) => 2 * (allowed[index] ?? 0), layout)
          if (difference === undefined) return undefined
          const gap = Math.abs(difference.found - difference.expected)
          return {
            what: `${whereIs(difference, call)} changes by ${smallText(gap)} when the keys come in another order; rounding explains ${smallText(difference.allowed)}`,
            table: tableOf(
              difference,
              [
                ['in order', straight],
                ['permuted', shuffled],
              ],
              layout,
            ),
          }
        },
      },
      effort,
    )
  },
}

/** What rounding may do to each entry of these rows. */
export const allowance = (
  subject: Subject,
  call: Call,
  projection: Float32Array | undefined,
  rows: readonly number[],
): Float64Array => expectedRows(subject, call, projection, rows).allowed

function permuted(call: Call, { model }: Subject, seed: number): Call {
  const order = Array.from({ length: call.keyLength }, (_, row) => row).sort(
    (left, right) => scattered(seed, left) - scattered(seed, right),
  )
  return changeRows(call, model.inputs, (values, { of, rows, width }) =>
    of === 'length'
      ? values
      : values.map((_, index) => {
          const row = Math.floor(index / width)
          const from = row - (row % rows) + (order[row % rows] ?? 0)
          return values[from * width + (index % width)] ?? 0
        }),
  )
}
