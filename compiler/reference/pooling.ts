/**
 * Keys and values pooled into a few rows (Wang et al., "Linformer", 2020):
 *
 *     k̄_n = Σ_j E_nj k_j,   v̄_n = Σ_j F_nj v_j
 *
 * over the rows j that there are. E and F have a column for each row of the
 * longest sequence; a shorter one meets the first columns.
 */
import { Vector } from './vector.ts'

/** Row n of the result is the sum of `rows` weighted by `weights[n]`, from its start. */
export function pooled(weights: readonly Vector[], rows: readonly Vector[]): Vector[] {
  return weights.map(({ mantissa: weight }) => {
    const sums = new Float64Array(rows[0]?.size ?? 0)
    for (const [j, { mantissa: row }] of rows.entries())
      for (const [t, entry] of row.entries()) sums[t] = (sums[t] ?? 0) + (weight[j] ?? 0) * entry
    return Vector.ofNumbers(sums)
  })
}
