// One seed, one case: so a fault is repeated by its seed alone, and shrunk from there.
import * as fc from 'fast-check'
import { cases } from './arbitraries/cases.ts'
import type { Case } from './arbitraries/cases.ts'
import type { Executors } from './executors.ts'
import { faultOf } from './judge.ts'
import type { Tally } from './judge.ts'

export interface FuzzOptions {
  readonly executors: Executors
  /** Whether what is found is made small; it is unless said otherwise. */
  readonly shrink?: boolean
  /** Instead of attentions of all kinds. */
  readonly among?: fc.Arbitrary<Case>
  /** So many faults end the search. */
  readonly until?: number
}

/** What is wrong with the cases of these seeds, each for a person to read and to repeat. */
export async function fuzz(seeds: Iterable<number>, options: FuzzOptions, tally: Tally): Promise<string[]> {
  const { until = 10 } = options
  const faults: string[] = []
  for (const seed of seeds) {
    const fault = await faultOfSeed(seed, options, tally)
    if (fault !== undefined) faults.push(fault)
    if (faults.length === until) break
  }
  return faults
}

/** At most. */
const shrinkingSeconds = 120

async function faultOfSeed(
  seed: number,
  { executors, shrink = true, among = cases }: FuzzOptions,
  tally: Tally,
): Promise<string | undefined> {
  let last: string | undefined
  const property = fc.asyncProperty(among, async (one) => {
    const fault = await faultOf(one, executors, tally)
    last = fault ?? last
    return fault === undefined
  })
  const result = await fc.check(property, {
    seed,
    numRuns: 1,
    interruptAfterTimeLimit: 1000 * shrinkingSeconds,
    endOnFailure: !shrink,
  })
  if (last === undefined || result.counterexample === null) return undefined
  return [
    `seed ${seed}: ${last}`,
    describeCase(result.counterexample[0]),
    `again: ATTNC_FUZZ_SEED=${seed} ATTNC_FUZZ_ON=${Object.keys(executors).join(',')} npx vitest run test/fuzz`,
  ].join('\n')
}

function describeCase({ spec, heads, kvHeads, forward, decode }: Case): string {
  const plain = (plan: object): string =>
    Object.entries(plan)
      .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
      .join(', ')
  return [
    spec.text.trimEnd(),
    `heads ${heads}, kvHeads ${kvHeads}`,
    ...forward.map((plan) => `forward: ${plain(plan)}`),
    ...decode.map((plan) => `prefill and steps: ${plain(plan)}`),
  ].join('\n')
}
