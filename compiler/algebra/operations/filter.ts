/** Rows of the call, convolved with those before them. */
import { evaluateScalar, environmentOf } from '../../symbolic/evaluate.ts'
import { print } from '../../symbolic/print.ts'
import { valueIn } from '../interpret/data.ts'
import type { Filtered } from '../rows.ts'
import type { OperationRecord } from './record.ts'

/** The record of `filter`. */
export const filter: OperationRecord<Filtered> = {
  operands: ({ rows }) => [rows],
  shape: ({ width }) => ({ count: undefined, width }),
  evaluate({ rows, width, taps, weights, bias, value }, { attention, call, head, rows: rowsOf }) {
    // Rows of queries and of keys come times √scale, and are filtered as the call has them.
    const factor = rows.of === 'v' ? 1 : Math.sqrt(attention.scale)
    const all = rowsOf(rows)
    const numbers = (of: typeof weights): ArrayLike<number> => {
      const own = valueIn(of, call, head, 0)
      return typeof own === 'number' ? [own] : own
    }
    const filters = numbers(weights)
    const added = call.weights?.[bias.name] === undefined ? undefined : numbers(bias)
    return all.map((_, t) =>
      Float64Array.from({ length: width }, (__, entry) => {
        let sum = added?.[entry] ?? 0
        for (let s = 0; s < taps; s++) {
          const before = all[t - taps + 1 + s]
          if (before !== undefined)
            sum += ((filters[entry * taps + s] ?? Number.NaN) * (before[entry] ?? Number.NaN)) / factor
        }
        return factor * evaluateScalar(value, environmentOf({ sum }))
      }),
    )
  },
  keysPermutable: ({ rows }) => (rows.of === 'q' ? undefined : 'rows of keys are mixed with those before'),
  formula: ({ taps, rows }, name) => `${taps} rows of ${name(rows)} up to each, weighed by entry`,
  details: ({ result, weights, bias, value }) => [
    `  ${result}[t] ${print(value)}, of \`sum\` by ${weights.name} and ${bias.name}`,
  ],
}
