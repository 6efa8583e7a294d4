// What every spec is asked, on every backend: the same calls, in the same numbers, with a tolerance for each mechanism.
import type { Built } from '../../compiler/pipeline.ts'
import { prepare } from '../browser/harness/runs.ts'
import type { Prepared } from '../browser/harness/runs.ts'
import { compileOne } from '../numeric/harness.ts'
import type { Sizes } from '../numeric/harness.ts'
import { sized } from '../numeric/small-specs.ts'

/**
 * Whole tiles and cut ones, a second chunk, grouped heads, a shorter item; unequal sides. The shorter item is not much
 * shorter, because features of the length turn their sign far behind it, and sums of either sign cancel.
 */
const shapesOf = ({ program }: Built): readonly Sizes[] => [
  { length: 67, heads: 2, kvHeads: 1, batch: 2, lengths: [67, 60] },
  {
    length: 5,
    heads: 2,
    keyLength: program.causal || program.keysAreQueries === true ? 5 : 9,
    ...(hasWeightsOfKeys(program) && { kvHeads: 1 }),
  },
]

/** Such weights are for as many heads of keys in all calls. */
const hasWeightsOfKeys = ({ tensors = [] }: Built['program']): boolean =>
  tensors.some(({ role, heads }) => role === 'weight' && (heads === 'kvHeads' || heads === 'valueHeads'))

interface Conditions {
  /** Of the entries of q and k. */
  readonly deviation: number
  /** The relative RMS error allowed, from float64 and between two backends. */
  readonly tolerance: number
}

const usual: Conditions = { deviation: 1, tolerance: 2e-6 }

const conditions: Readonly<Record<string, Conditions>> = {
  // An estimate whose denominator may come near 0 where rows are long.
  performer_trigonometric: { deviation: 0.5, tolerance: 1e-5 },
  // Six steps of Newton's towards an inverse: `numeric/landmarks.test.ts` says how rounding grows in them.
  nystromformer: { deviation: 1, tolerance: 2e-5 },
  proxyformer: { deviation: 1, tolerance: 2e-5 },
}

/** Specs that gpu.js does not do, and the reason that the compiler gives. */
export const beyondGpujs: Readonly<Record<string, string>> = {
  reformer: 'buckets (the target gpujs has no sort)',
  ...Object.fromEntries(
    ['gated_deltanet', 'gdn2', 'gla', 'kda', 'lightning', 'mamba2', 'rwkv7'].map((name) => [
      name,
      'a state that tokens change (the target gpujs takes no rows in order)',
    ]),
  ),
}

export interface Case extends Prepared {
  readonly tolerance: number
}

export function caseOf(name: string): Case {
  const { deviation, tolerance } = conditions[name] ?? usual
  const built = compileOne(sized(name))
  return { ...prepare(built, shapesOf(built), 'webgpu', deviation), tolerance }
}
