/** Random calls that stages are held to each other on, and what is given beside their tensors. */
import { drawProjection, hadamardFactors, hadamardTable } from '../../../runtime/projection/index.ts'
import type { Attention } from '../../algebra/attention.ts'
import { weighsPairs } from '../../algebra/facts.ts'
import { drawnLaw } from '../../semantics/model.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import type { Case } from '../cases/case.ts'
import { scattered } from '../cases/scatter.ts'
import { asReference } from '../cases/weights.ts'
import type { Call, Weights } from '../execution/executor.ts'
import { sensitivity } from '../rounding/sensitivity.ts'
import { tolerances } from '../rounding/tolerance.ts'

/** A number from `least` to `most`, by a seed and the place of what it is for. */
const whole = (seed: number, place: number, least: number, most: number): number =>
  least + Math.floor(scattered(seed, place) * (most - least + 1))

/**
 * Small shapes: every head, row and pair is computed several times over.
 *
 * @param longest most rows of queries and of keys
 * @param heads where weights fix how many there are
 */
export const shapeOf = (seed: number, longest: number, heads: number | undefined): Case => ({
  length: whole(seed, 0, 1, longest),
  keyLength: whole(seed, 1, 1, longest),
  batch: whole(seed, 2, 1, 2),
  kvHeads: heads ?? 1,
  group: heads === undefined ? whole(seed, 3, 1, 2) : 1,
  norm: whole(seed, 4, 1, 3),
  values: seed % 1000,
})

/** Every second call has rows that do not count. */
export function withLengths<Of extends Call>(call: Of, seed: number): Of {
  if (seed % 2 === 0) return call
  const counts = (place: number, most: number): number[] =>
    Array.from({ length: call.batch }, (_, item) => Math.floor(scattered(seed, place, item) * (most + 1)))
  return { ...call, lengths: counts(5, call.keyLength), queryLengths: counts(6, call.length) }
}

/** The projection that the file draws, or the rotations of a hash; with what a transform reads in its place. */
export function drawnOf(model: AttentionModel): Weights {
  const law = drawnLaw(model)
  const factors = law && hadamardFactors(law)
  return {
    ...(law && { projection: drawProjection(law) }),
    ...(factors && { factors: hadamardTable(factors) }),
  }
}

/** How far each number of the output may be off in f32. */
export function allowedOf(
  model: AttentionModel,
  algebra: Attention,
  call: Call,
  kept: Weights,
  expected: Float64Array,
): Float64Array {
  const every = Array.from({ length: call.length }, (_, row) => row)
  return weighsPairs(algebra)
    ? tolerances(algebra, call, kept['projection'], every, expected)
    : sensitivity(model, { ...call, ...asReference(model, kept) }, expected)
}
