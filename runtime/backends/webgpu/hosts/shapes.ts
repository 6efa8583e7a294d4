/** What adapters for frameworks have in common: the modules that they take, and sizes from the shapes of tensors. */
import type { Attention, CreateOptions, Sizes } from '../../../attention.ts'

/** What `attnc compile` writes. */
export interface AttentionModule {
  create(options?: CreateOptions): Promise<Attention>
}

interface Tensor {
  readonly shape: readonly number[]
  readonly dtype: string
}

/** The sizes of a call, and the shape of its result. */
export function shapesOf(
  { name, dim, valueDim }: Attention,
  { q, k, v }: Readonly<Record<'q' | 'k' | 'v', Tensor>>,
): Sizes & { out: number[] } {
  const [batch = 0, heads = 0, length = 0] = q.shape
  const [, kvHeads = 0, keyLength = 0] = k.shape
  const expected = {
    q: [batch, heads, length, dim],
    k: [batch, kvHeads, keyLength, dim],
    v: [batch, kvHeads, keyLength, valueDim],
  }
  for (const [letter, { shape, dtype }] of Object.entries({ q, k, v })) {
    const wanted = expected[letter as keyof typeof expected]
    if (dtype !== 'float32' || shape.join() !== wanted.join())
      throw new TypeError(
        `${name}: ${letter} must be float32 of the shape [${wanted.join(', ')}]; it is ${dtype} [${shape.join(', ')}].`,
      )
  }
  return { batch, heads, kvHeads, length, keyLength, out: [batch, heads, length, valueDim] }
}
