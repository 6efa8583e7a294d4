// An attention with calls of it: forward passes, and tokens that go on from a prompt.
import * as fc from 'fast-check'
import { specs } from './specs.ts'
import type { Spec } from './specs.ts'

interface Inputs {
  /** Of the generator of the tensors. */
  readonly seed: number
  /** What normal numbers in q and k are multiplied by. */
  readonly magnitude: number
  /** Whether padding holds NaN, and not numbers. */
  readonly poisoned: boolean
}

export interface ForwardPlan extends Inputs {
  readonly batch: number
  readonly length: number
  readonly keyLength: number
  readonly lengths?: readonly number[]
  readonly queryLengths?: readonly number[]
}

export interface DecodePlan extends Inputs {
  readonly batch: number
  /** Rows of the prompt. */
  readonly length: number
  readonly lengths?: readonly number[]
  readonly steps: number
  /** Whether the state is saved after the prompt, and another goes on from what was saved. */
  readonly restored: boolean
}

export interface Case {
  readonly spec: Spec
  readonly heads: number
  readonly kvHeads: number
  readonly forward: readonly ForwardPlan[]
  readonly decode: readonly DecodePlan[]
}

/** On either side of a tile of 16, of 32 and of two, in the fourth tile, and all else. */
const rows = fc.oneof(
  fc.integer({ min: 1, max: 9 }),
  fc.constantFrom(1, 97, 15, 16, 17, 31, 32, 33, 63, 64, 65),
  fc.integer({ min: 1, max: 70 }),
)

/** One number a batch item, up to the rows that there are. */
const counts = fc.option(
  fc.array(fc.oneof(fc.constantFrom(0, 1), fc.nat(70)), { minLength: 3, maxLength: 3 }),
  {
    nil: undefined,
  },
)

const cut = (
  wanted: readonly number[] | undefined,
  batch: number,
  most: number,
): readonly number[] | undefined => wanted?.slice(0, batch).map((count) => count % (most + 1))

const inputs = {
  batch: fc.integer({ min: 1, max: 3 }),
  seed: fc.integer({ min: 1, max: 999 }),
  magnitude: fc.constantFrom(1, 1, 0.1, 4, 30, 1000),
  poisoned: fc.boolean(),
}

const without = <Plan extends object>(plan: Plan): Plan =>
  Object.fromEntries(Object.entries(plan).filter(([, value]) => value !== undefined)) as Plan

const forwardPlans = ({ bucketed, usual }: Spec): fc.Arbitrary<ForwardPlan> =>
  fc
    .record({
      ...inputs,
      length: rows,
      keys: fc.option(rows, { nil: undefined }),
      lengths: counts,
      queryLengths: counts,
    })
    .map(({ keys, lengths, queryLengths, magnitude, ...plan }) => {
      const keyLength = bucketed ? plan.length : (keys ?? plan.length)
      return without({
        ...plan,
        magnitude: usual ? Math.min(magnitude, 1) : magnitude,
        keyLength,
        lengths: cut(lengths, plan.batch, keyLength),
        queryLengths: bucketed ? undefined : cut(queryLengths, plan.batch, plan.length),
      }) as ForwardPlan
    })

const decodePlans = ({ usual }: Spec): fc.Arbitrary<DecodePlan> =>
  fc
    .record({
      ...inputs,
      length: rows,
      lengths: counts,
      steps: fc.integer({ min: 1, max: 3 }),
      restored: fc.boolean(),
    })
    .map(
      ({ lengths, magnitude, ...plan }) =>
        without({
          ...plan,
          magnitude: usual ? Math.min(magnitude, 1) : magnitude,
          lengths: cut(lengths, plan.batch, plan.length),
        }) as DecodePlan,
    )

/** Calls of one attention. */
export const casesOf = (spec: Spec): fc.Arbitrary<Case> =>
  fc
    .record({
      kvHeads: fc.integer({ min: 1, max: 2 }),
      group: fc.integer({ min: 1, max: 2 }),
      forward: fc.array(forwardPlans(spec), { minLength: 1, maxLength: 3 }),
      decode: fc.array(decodePlans(spec), { maxLength: 2 }),
    })
    .map(({ kvHeads, group, ...calls }) => ({ spec, heads: kvHeads * group, kvHeads, ...calls }))

export const cases: fc.Arbitrary<Case> = specs.chain(casesOf)
