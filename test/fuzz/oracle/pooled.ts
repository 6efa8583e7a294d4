// Exact attention over keys and values that weights pool into a few rows (`compress`).
import { sum, multiply, wide } from './wide.ts'
import type { Row } from './functions.ts'
import { plain, scaled } from './item.ts'
import type { Cell, Item, Numbers } from './item.ts'
import { kernelScore, weightedRow } from './pairs.ts'

export function pooledRows({ model, q, k, v, weights }: Item): Cell[][] {
  if (k.length === 0)
    return q.map(() => Array.from({ length: model.valueDim }, () => ({ value: 0, tolerance: 0 })))
  const { compressKeys, compressValues = compressKeys } = weights
  const keys = pool(compressKeys!, scaled(k, model))
  const values = pool(compressValues!, plain(v))
  const score = kernelScore(model, scaled(q, model), keys)
  return q.map((_, i) =>
    weightedRow(
      model,
      values,
      keys.map((_, n) => score(i, n)),
    ),
  )
}

/** Row n is Σ_j E_nj x_j. */
const pool = (weights: readonly Numbers[], rows: readonly Row[]): Row[] =>
  weights.map((weight) =>
    rows[0]!.map((_, column) => sum(rows.map((row, j) => multiply(wide(weight[j]!), row[column]!)))),
  )
