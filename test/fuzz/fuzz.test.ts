// Random valid attentions on random calls: every backend against a definition in float64 that shares nothing with it.
import { describe, expect, it } from 'vitest'
import { executors } from './executors.ts'
import type { Executors } from './executors.ts'
import { fuzz } from './fuzz.ts'
import { newTally } from './judge.ts'
import type { Tally } from './judge.ts'

const given = (name: string): string | undefined => process.env[`ATTNC_FUZZ_${name}`]
const byHand = given('SEED') !== undefined || given('SECONDS') !== undefined

const on = (...names: readonly string[]): Executors =>
  Object.fromEntries(
    names.map((name) => {
      const open = executors[name]
      if (open === undefined)
        throw new Error(`ATTNC_FUZZ_ON names some of ${Object.keys(executors).join(', ')}`)
      return [name, open]
    }),
  )

const from = (first: number, count: number): number[] => Array.from({ length: count }, (_, n) => first + n)

/**
 * Cases of prompts of unequal length, of rows far past the last key that they see, of padded queries, and of means of
 * padded rows.
 */
const ragged = [18, 32, 248, 313, 1725]

/** A mask that divides by an index only where that is not 0: WebAssembly stops where it is. */
const guarded = 825

/** A tolerance that takes 0 for right would find nothing. */
function expectTelling({ numbers, telling }: Tally): void {
  expect(numbers).toBeGreaterThan(1000)
  expect(telling / numbers).toBeGreaterThan(0.9)
}

describe.skipIf(byHand)('generated attentions', () => {
  it.each([
    { where: ['reference', 'gpujs'], seeds: [...from(40, 40), ...ragged] },
    { where: ['wasm'], seeds: [...from(301, 25), ...ragged, guarded] },
    { where: ['interpreter'], seeds: from(101, 5) },
    { where: ['webgpu'], seeds: [...from(201, 4), ...ragged] },
  ])('are what they say on $where', async ({ where, seeds }) => {
    const tally = newTally()
    expect((await fuzz(seeds, { executors: on(...where) }, tally)).join('\n\n')).toBe('')
    expectTelling(tally)
  })
})

describe.runIf(byHand)('generated attentions, by hand', () => {
  it('are what they say', { timeout: 2 ** 31 - 1 }, async () => {
    const names = given('ON')?.split(',') ?? Object.keys(executors)
    const seconds = Number(given('SECONDS') ?? Infinity)
    const count = Number(given('COUNT') ?? (given('SECONDS') === undefined ? 1 : Infinity))
    const tally = newTally()
    const seeds = within(seconds, Number(given('SEED') ?? 1), count)
    const faults = await fuzz(seeds, { executors: on(...names) }, tally)
    process.stdout.write(`${JSON.stringify(tally)}\n`)
    expect(faults.join('\n\n')).toBe('')
  })
})

function* within(seconds: number, first: number, count: number): Iterable<number> {
  const end = performance.now() + 1000 * seconds
  for (let seed = first; seed < first + count && performance.now() < end; seed++) yield seed
}
