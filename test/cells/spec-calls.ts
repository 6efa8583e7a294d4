// What every spec is asked where its kernels run one workgroup after another.
import type { Sizes } from '../numeric/harness.ts'

/** A denominator that is an estimate may come near 0 where rows are long. */
export const deviationOf = (name: string): number => (name === 'performer_trigonometric' ? 0.5 : 1)

/** A large call, with groups and a shorter item, and a small one; as many keys as queries where it must be. */
export const bothShapes = (causal: boolean): readonly Sizes[] => [
  {
    length: 67,
    keyLength: causal ? 67 : 45,
    heads: 4,
    kvHeads: 2,
    batch: 2,
    lengths: [40, causal ? 66 : 45],
  },
  { length: 5, heads: 2, keyLength: causal ? 5 : 9 },
]
