/** Run-time weights for an attention that is run on random tensors. */
import type { AttentionModel } from '../../index.ts'
import type { Tensor } from '../tensors/tensor.ts'
import type { Inputs, RandomOptions } from './inputs.ts'
import { normals } from './normals.ts'

/**
 * The inputs with weights for whatever the attention learns: landmarks spread
 * like the rows of q and k, and filters and pooled rows of about unit sum of squares.
 */
export function withRandomWeights(inputs: Inputs, model: AttentionModel, options: RandomOptions): Inputs {
  const weights = new Map(
    shapesOf(model, options).map(({ name, shape, deviation }, index): [string, Tensor] => {
      const count = shape.reduce((product, size) => product * size, 1)
      // The first streams are those of q, k and v.
      return [name, { shape, data: normals(count, options.seed, 3 + index, deviation) }]
    }),
  )
  if (weights.size === 0) return inputs
  const note = `the weights ${[...weights.keys()].join(' and ')} are random, too: trained ones are given with --input`
  return { ...inputs, weights, notes: [...inputs.notes, note] }
}

interface RandomWeight {
  readonly name: string
  readonly shape: readonly number[]
  readonly deviation: number
}

function shapesOf(
  { landmarks, compress, dim }: AttentionModel,
  { heads, keyLength, deviation }: RandomOptions,
): RandomWeight[] {
  const learned = landmarks?.source === 'learned' ? [landmarks.count] : []
  const filters = landmarks?.conv === undefined ? [] : [landmarks.conv]
  const pooled = compress === undefined ? [] : [compress.count]
  return [
    ...learned.map((count) => ({ name: 'landmarks', shape: [heads, count, dim], deviation })),
    ...filters.map((width) => ({ name: 'conv', shape: [heads, width], deviation: 1 / Math.sqrt(width) })),
    ...pooled.flatMap((count) =>
      ['compressKeys', 'compressValues'].map((name) => ({
        name,
        shape: [heads, count, keyLength],
        deviation: 1 / Math.sqrt(keyLength),
      })),
    ),
  ]
}
