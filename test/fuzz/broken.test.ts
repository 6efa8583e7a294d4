// The fuzzer finds kernels that are broken as kernels break: by wrong numbers, or by races.
import { describe, expect, it } from 'vitest'
import { wrongKernels } from '../verification/mutants/kernels.ts'
import { casesOf } from './arbitraries/cases.ts'
import { interpretedBy } from './interpreted.ts'
import { fuzz } from './fuzz.ts'
import { newTally } from './judge.ts'

const spec = (text: string) => ({
  text,
  dim: 4,
  valueDim: 4,
  weights: {},
  bucketed: false,
  usual: false,
})

/** Found too, and not before some forty cases. */
const slow = 'a token that is written where the longest prompt ends'

describe('broken kernels are found', () => {
  it.each(wrongKernels.filter(({ what }) => what !== slow))('$what', async ({ spec: text, kernels }) => {
    const executors = { broken: interpretedBy({ kernels }) }
    const options = { executors, among: casesOf(spec(text)), shrink: false }
    const seeds = Array.from({ length: 60 }, (_, seed) => seed)
    const faults = await fuzz(seeds, { ...options, until: 1 }, newTally())
    expect(faults).not.toEqual([])
  })
})
