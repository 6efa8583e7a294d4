/** Run-time weights for attentions that have them: the same ones for all cases. */
import type { AttentionModel } from '../../semantics/model.ts'
import type { Weights } from '../execution/executor.ts'
import { longestKeys, tensor } from './case.ts'

export interface RuntimeWeights {
  readonly values: Weights
  /** Query heads that they are for; absent where there are none. */
  readonly heads: number | undefined
}

const headsWithWeights = 2

export function weightsOf(model: AttentionModel): RuntimeWeights {
  const values = valuesOf(model)
  return { values, heads: Object.keys(values).length === 0 ? undefined : headsWithWeights }
}

/** Landmarks are rows like keys; a filter is a few numbers; pooled rows are about as long as those they are made of. */
function valuesOf({ landmarks, compress, dim, scale }: AttentionModel): Weights {
  if (compress !== undefined) {
    const pooling = (seed: number): Float32Array =>
      tensor(headsWithWeights, compress.count, longestKeys, seed, 1 / Math.sqrt(longestKeys))
    return { compressKeys: pooling(79), compressValues: pooling(80) }
  }
  if (landmarks === undefined) return {}
  const { source, count, conv } = landmarks
  const deviation = 1 / Math.sqrt(dim * scale)
  return {
    ...(source === 'learned' && { landmarks: tensor(headsWithWeights, count, dim, 77, deviation) }),
    ...(conv !== undefined && { conv: tensor(headsWithWeights, 1, conv, 78, 0.3) }),
  }
}
