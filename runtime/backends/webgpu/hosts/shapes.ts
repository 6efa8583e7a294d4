/** What adapters for frameworks have in common: the modules that they take, and sizes from the shapes of tensors. */
import { refuseUnknown } from '../../../arguments/describe.ts'
import { checkLengths, lengthNames } from '../../../arguments/lengths.ts'
import type { LengthsName } from '../../../arguments/lengths.ts'
import type { Attention, CreateOptions, Lengths } from '../../../attention.ts'
import type { CallSizes } from '../../../contract/shape.ts'
import type { UnsharedUint32Array } from '../../../contract/unshared.ts'

/** What `attnc compile` writes. */
export interface AttentionModule {
  create(options?: CreateOptions): Promise<Attention>
}

interface Tensor {
  readonly shape: readonly number[]
  readonly dtype: string
}

/** How many rows of each batch item count, of keys and of queries; see `ForwardCall`. */
export type Counts = Readonly<Partial<Record<LengthsName, Lengths | undefined>>>

/** The sizes of a call, and the shape of its result. */
export function shapesOf(
  { name, dim, valueDim }: Attention,
  { q, k, v }: Readonly<Record<'q' | 'k' | 'v', Tensor>>,
): CallSizes & { out: number[] } {
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

/** Those that are given, checked. @throws TypeError, RangeError */
export function countsOf(
  { name }: Attention,
  counts: Counts,
  sizes: CallSizes,
): Partial<Record<LengthsName, UnsharedUint32Array>> {
  const names = Object.keys(lengthNames) as LengthsName[]
  refuseUnknown(name, counts, names)
  const all = { ...sizes, offset: 0, capacity: sizes.keyLength }
  const checked = names.map((one) => [one, checkLengths(name, { ...counts }, one, all, false)] as const)
  return Object.fromEntries(checked.filter(([, rows]) => rows !== undefined))
}
