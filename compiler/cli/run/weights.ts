/** Run-time weights for an attention that is run on random tensors. */
import { weightsOf } from '../../semantics/model.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import { sizeOf, type Tensor } from '../tensors/tensor.ts'
import type { Inputs, RandomOptions } from './inputs.ts'
import { normals } from './normals.ts'

/**
 * The inputs with weights for whatever the attention learns: landmarks spread
 * like the rows of q and k, and filters and pooled rows of about unit sum of squares.
 */
export function withRandomWeights(inputs: Inputs, model: AttentionModel, options: RandomOptions): Inputs {
  const { heads, keyLength, seed } = options
  const usual = weightsOf(model).filter(({ seldom }) => seldom !== true)
  const weights = new Map(
    usual.map(({ name, shape, like }, index): [string, Tensor] => {
      const sizes = [heads, ...shape.map((size) => (size === 'keyRows' ? keyLength : size))]
      const [columns = 1] = sizes.slice(-1)
      const deviation = like === 'rows' ? options.deviation : 1 / Math.sqrt(columns)
      // The first streams are those of q, k and v.
      return [name, { shape: sizes, data: normals(sizeOf(sizes), seed, 3 + index, deviation) }]
    }),
  )
  if (weights.size === 0) return inputs
  const note = `the weights ${[...weights.keys()].join(' and ')} are random, too: trained ones are given with --input`
  return { ...inputs, weights, notes: [...inputs.notes, note] }
}
