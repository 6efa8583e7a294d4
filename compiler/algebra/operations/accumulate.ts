/** Sums of rows from the first one on. */
import type { Accumulated } from '../rows.ts'
import type { OperationRecord } from './record.ts'

/** The record of `accumulate`. */
export const accumulate: OperationRecord<Accumulated> = {
  operands: ({ rows }) => [rows],
  shape: ({ width }) => ({ count: undefined, width }),
  evaluate({ rows: operand, width }, { rows }) {
    const totals = new Float64Array(width / 2)
    return rows(operand).map((row) => {
      row.forEach((entry, index) => (totals[index] = (totals[index] ?? 0) + entry))
      const whole = totals.map((total) => Math.floor(total + 0.5))
      return Float64Array.of(...whole, ...totals.map((total, index) => total - (whole[index] ?? 0)))
    })
  },
  keysPermutable: () => 'sums go from row to row in their order',
  formula: ({ rows }, name) => `sums along ${name(rows)}`,
  details: ({ result, rows, width }) => [
    `  ${result}[entry] the whole numbers of the sums of ${rows.result} up to a row; [entry + ${width / 2}] what is left`,
  ],
}
