// Seeded tensors and comparisons for the tests of the reference.
import { expect } from 'vitest'
import type { ReferenceInputs } from '../../compiler/reference/inputs.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'

/** Numbers in [−1, 1) from a linear congruential generator, times `size`. */
export function numbers(count: number, seed: number, size = 1): Float64Array {
  let state = (seed * 2654435761 + 12345) >>> 0
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return size * (state / 2 ** 31 - 1)
  })
}

export interface Shape {
  readonly batch?: number
  readonly heads?: number
  readonly kvHeads?: number
  readonly length: number
  readonly keyLength?: number
  readonly seed?: number
  /** Bound of the entries of q and k. */
  readonly size?: number
}

export function inputsFor(model: AttentionModel, shape: Shape): ReferenceInputs {
  const { batch = 1, heads = 1, kvHeads = heads, length, keyLength = length, seed = 1, size = 1 } = shape
  const { dim, valueDim } = model
  return {
    q: numbers(batch * heads * length * dim, seed, size),
    k: numbers(batch * kvHeads * keyLength * dim, seed + 1, size),
    v: numbers(batch * kvHeads * keyLength * valueDim, seed + 2),
    batch,
    heads,
    kvHeads,
    length,
    keyLength,
  }
}

/** Row `index` of a tensor whose rows have `width` entries. */
export const rowAt = (tensor: ArrayLike<number>, index: number, width: number): number[] =>
  Array.from({ length: width }, (_, t) => tensor[index * width + t]!)

export const inner = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, entry, t) => sum + entry * b[t]!, 0)

/** Relative root-mean-square difference. */
export function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length)
  let error = 0
  let size = 0
  for (let index = 0; index < expected.length; index++) {
    error += (actual[index]! - expected[index]!) ** 2
    size += expected[index]! ** 2
  }
  return Math.sqrt(error / size)
}
