/** Products of matrices; with weights on the left, rows are pooled. */
import type { Product } from '../rows.ts'
import type { Matrix, OperationRecord } from './record.ts'

/** The record of `product`. */
export const product: OperationRecord<Product> = {
  operands: ({ left, right }) => [left, right],
  shape: ({ left, right }, of) => ({ count: of(left).count, width: of(right).width }),
  evaluate: ({ left, right }, { rows }) => multiply(rows(left), rows(right)),
  keysPermutable: ({ right }) =>
    right.kind === 'call' ? 'the weights that pool go by the place of a key' : undefined,
  weightsPositive: ({ left }) =>
    left.kind === 'given' ? 'weights that pool the values may be negative' : undefined,
  prefixStable: ({ right }) =>
    right.kind === 'call' ? 'its pooled rows stand for the whole sequence' : undefined,
  formula: ({ left, right }, name) => `${name(left)} · ${name(right)}`,
}

/** left · right, over the rows that `right` has: rows on the left may be longer. */
export function multiply(left: Matrix, right: Matrix): Matrix {
  return left.map((weights) => {
    const sum = new Float64Array(right[0]?.length ?? 0)
    right.forEach((row, j) =>
      row.forEach((entry, t) => {
        sum[t] = (sum[t] ?? 0) + (weights[j] ?? 0) * entry
      }),
    )
    return sum
  })
}
