// Tensors of generated calls, taken apart and put together again.
import * as fc from 'fast-check'
import type { Attention } from '../../runtime/index.ts'
import { bitsOf } from '../numeric/compare.ts'
import { forward, normals } from '../numeric/harness.ts'
import type { Sizes, Tensors } from '../numeric/harness.ts'
import { dim, valueDim } from './subjects.ts'

/** Lengths on either side of a tile of 32 and of two, and all else below; shrinks to 1. */
const rows = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(31, 32, 33, 63, 64, 65, 67))

export interface Call extends Sizes {
  readonly batch: number
  readonly heads: number
  readonly kvHeads: number
  readonly keyLength: number
  readonly seed: number
}

/** Groups of heads, several batch items, and as many keys as there are queries or not. */
export const calls: fc.Arbitrary<Call> = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    kvHeads: fc.integer({ min: 1, max: 2 }),
    group: fc.integer({ min: 1, max: 2 }),
    length: rows,
    keyLength: fc.option(rows, { nil: undefined }),
    seed: fc.integer({ min: 1, max: 1000 }),
  })
  .map(({ group, kvHeads, keyLength, ...rest }) => ({
    ...rest,
    kvHeads,
    heads: group * kvHeads,
    keyLength: keyLength ?? rest.length,
  }))

export function tensorsOf(call: Call, deviation = 1): Tensors {
  const { batch, heads, kvHeads, length, keyLength, seed } = call
  return {
    q: normals(batch * heads * length * dim, seed, deviation),
    k: normals(batch * kvHeads * keyLength * dim, seed + 1001, deviation),
    v: normals(batch * kvHeads * keyLength * valueDim, seed + 2002),
  }
}

/** Matrix `index` of a tensor [matrices, length, width], as rows. */
export function matrix(tensor: Float32Array, index: number, length: number, width: number): number[][] {
  return Array.from({ length }, (_, row) => {
    const start = (index * length + row) * width
    return Array.from(tensor.subarray(start, start + width))
  })
}

/** The same tensor with rows of every matrix in another order, or other rows. */
export function mapRows(
  tensor: Float32Array,
  length: number,
  width: number,
  sources: readonly number[],
): Float32Array<ArrayBuffer> {
  const matrices = tensor.length / (length * width)
  const mapped = new Float32Array(matrices * sources.length * width)
  for (let index = 0; index < matrices; index++)
    for (const [row, source] of sources.entries()) {
      const start = (index * length + source) * width
      mapped.set(tensor.subarray(start, start + width), (index * sources.length + row) * width)
    }
  return mapped
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** The matrix of keys and values that a query head reads. */
export function keyMatrix({ heads, kvHeads }: Call, head: number): number {
  return Math.floor(head / (heads / kvHeads))
}

/** The output as bits: two equal ones are equal in every digit, and a NaN is no surprise. */
export async function bits(attention: Attention, sizes: Sizes, inputs: Tensors): Promise<Uint32Array> {
  return bitsOf(await forward(attention, sizes, inputs))
}
