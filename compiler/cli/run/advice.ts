/** What would make an estimate of use where it is none. */
import { qualityOfRows } from '../../algebra/expectation/index.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import type { Inputs } from './inputs.ts'

const queriesTried = 6
const keysTried = 24

/**
 * The independent projections that give weights as near to the kernel's as equal
 * weights are, at some rows of the first head; nothing where the variance of the
 * features has no closed form.
 */
export function projectionsNeeded(model: AttentionModel, inputs: Inputs): number | undefined {
  const { dim, scale } = model
  const rows = (tensor: Float32Array, count: number, most: number): Float64Array[] =>
    Array.from({ length: Math.min(count, most) }, (_, n) => {
      const row = Math.floor((n * count) / Math.min(count, most))
      return Float64Array.from(
        tensor.subarray(row * dim, (row + 1) * dim),
        (entry) => entry * Math.sqrt(scale),
      )
    })
  const keys = rows(inputs.k, inputs.keyLength, keysTried)
  if (keys.length < 2) return undefined
  const found = qualityOfRows(model, rows(inputs.q, inputs.length, queriesTried), keys)
  return found !== undefined && Number.isFinite(found.projectionsNeeded) ? found.projectionsNeeded : undefined
}
