/** Run-time weights for an attention that is run on random tensors. */
import type { AttentionModel } from '../../index.ts'
import type { Tensor } from '../tensors/tensor.ts'
import type { Inputs, RandomOptions } from './inputs.ts'
import { normals } from './normals.ts'

/**
 * The inputs with weights for whatever the attention learns: landmarks spread
 * like the rows of q and k, and filters of about unit sum of squares.
 */
export function withRandomWeights(
  inputs: Inputs,
  { landmarks, dim }: AttentionModel,
  { heads, seed, deviation }: RandomOptions,
): Inputs {
  if (landmarks === undefined) return inputs
  const { count, source, conv } = landmarks
  const weights = new Map<string, Tensor>()
  if (source === 'learned')
    weights.set('landmarks', {
      shape: [heads, count, dim],
      data: normals(heads * count * dim, seed, 3, deviation),
    })
  if (conv !== undefined)
    weights.set('conv', {
      shape: [heads, conv],
      data: normals(heads * conv, seed, 4, 1 / Math.sqrt(conv)),
    })
  if (weights.size === 0) return inputs
  const note = `the weights ${[...weights.keys()].join(' and ')} are random, too: trained ones are given with --input`
  return { ...inputs, weights, notes: [...inputs.notes, note] }
}
