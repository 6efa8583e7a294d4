/** The drawing of projections, loaded for those attentions alone that have some, and with transforms for those that may use them. */
import type { takeInputs } from '../arguments/inputs.ts'
import type { checkWeightSizes } from '../arguments/weight-sizes.ts'
import type { CreateOptions } from '../attention.ts'
import type { Program } from '../program.ts'
import type * as Drawn from './drawn.ts'
import type * as Transformed from './transformed.ts'

export type Drawing = typeof Drawn & Partial<typeof Transformed>

/** What an attention is opened with: the caller's options, and what draws its projection where it has one. */
export interface Opening extends CreateOptions {
  readonly drawing: Drawing | undefined
  /** Where the program has weights. */
  readonly checkWeights?: typeof checkWeightSizes | undefined
  /** Where the file declares tensors. */
  readonly takeInputs?: typeof takeInputs | undefined
  /** Weights by the names of their buffers. */
  readonly constants?: readonly (readonly [string, Float32Array])[] | undefined
}

export async function loadDrawing({ projection }: Program): Promise<Drawing | undefined> {
  if (projection === undefined) return undefined
  return projection.coupling === 'hadamard' ? import('./transformed.ts') : import('./drawn.ts')
}
