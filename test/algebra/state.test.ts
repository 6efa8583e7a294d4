// The state's laws, and that every way of bracketing a sequence is the attention it should be (P1).
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { logFactor } from '../../compiler/algebra/action.ts'
import type { Action } from '../../compiler/algebra/action.ts'
import { act, combine, empty, read, token } from '../../compiler/algebra/state.ts'
import type { FeatureRow, Reading, State } from '../../compiler/algebra/state.ts'
import { apply, constant, subtract, variable } from '../../compiler/symbolic/build.ts'

const features = 3
const width = 2

const small = fc.double({ min: -3, max: 3, noNaN: true })
const coefficients = fc.oneof(
  { weight: 3, arbitrary: fc.double({ min: 0.1, max: 3, noNaN: true }) },
  { weight: 1, arbitrary: fc.constant(0) },
)
const exponents = fc.oneof(small, fc.constantFrom(-1e6, -800, 800, 1e6))

const several = (entry: fc.Arbitrary<number>, size: number): fc.Arbitrary<Float64Array> =>
  fc.array(entry, { minLength: size, maxLength: size }).map((entries) => Float64Array.from(entries))

const featureRows: fc.Arbitrary<FeatureRow> = fc.record({
  coefficient: several(coefficients, features),
  exponent: several(exponents, features),
})

interface Key {
  readonly row: FeatureRow
  readonly value: Float64Array
}

const keys: fc.Arbitrary<Key> = fc.record({ row: featureRows, value: several(small, width) })
const states: fc.Arbitrary<State> = fc
  .array(keys, { maxLength: 4 })
  .map((list) =>
    list.reduce((state, { row, value }) => combine(state, token(row, value)), empty(features, width)),
  )

/** Equal sums to rounding, over whatever scales they are held. */
const equalTo =
  (a: State) =>
  (b: State): boolean =>
    a.scale.every((scale, f) => {
      const other = b.scale[f]!
      const ratio = scale === other ? 1 : Math.exp(scale - other)
      const same = (x: number, y: number): boolean => Math.abs(x * ratio - y) <= 1e-7 * (1 + Math.abs(y))
      return (
        (scale === other || Math.abs(scale - other) <= 1e-9 * (1 + Math.abs(scale))) &&
        same(a.weights[f]!, b.weights[f]!) &&
        [0, 1].every((column) => same(a.sums[f * width + column]!, b.sums[f * width + column]!))
      )
    })

const powersOf = (gamma: number): Action => ({ kind: 'powers', base: constant(gamma) })

describe('laws', () => {
  test('the empty state is the identity', () => {
    fc.assert(
      fc.property(states, (state) => {
        expect(combine(empty(features, width), state)).toSatisfy(equalTo(state))
        expect(combine(state, empty(features, width))).toSatisfy(equalTo(state))
      }),
      { seed: 9 },
    )
  })

  test('combining is associative and commutative', () => {
    fc.assert(
      fc.property(states, states, states, (a, b, c) => {
        expect(combine(combine(a, b), c)).toSatisfy(equalTo(combine(a, combine(b, c))))
        expect(combine(a, b)).toSatisfy(equalTo(combine(b, a)))
      }),
      { seed: 10, numRuns: 300 },
    )
  })

  test.each<[string, Action]>([
    ['a decay', powersOf(0.9)],
    ['a decay by nothing', powersOf(1)],
    ['the identity', { kind: 'identity' }],
  ])('%s acts on the state', (_, action) => {
    fc.assert(
      fc.property(states, states, fc.nat(50), fc.nat(50), (a, b, m, n) => {
        const after = (rows: number, state: State): State => act(logFactor(action, 3)(rows), state)
        expect(after(n, combine(a, b))).toSatisfy(equalTo(combine(after(n, a), after(n, b))))
        expect(after(n, after(m, a))).toSatisfy(equalTo(after(m + n, a)))
        expect(after(0, a)).toSatisfy(equalTo(a))
      }),
      { seed: 11 },
    )
  })
})

/** Σ over keys in extended range: every term over the largest exponent of all. */
function direct(query: FeatureRow, list: readonly Key[], gamma: number): Reading {
  const discount = (n: number): number => (list.length - 1 - n) * Math.log(gamma)
  const terms = list.flatMap(({ row, value }, n) =>
    Array.from(row.coefficient, (own, f) => ({
      weight: own * query.coefficient[f]!,
      exponent: row.exponent[f]! + query.exponent[f]! + discount(n),
      value,
    })),
  )
  const present = terms.filter(({ weight }) => weight !== 0)
  const scale = Math.max(-Infinity, ...present.map(({ exponent }) => exponent))
  const numerator = new Float64Array(width)
  let denominator = 0
  for (const { weight, exponent, value } of present) {
    const share = weight * Math.exp(exponent - scale)
    denominator += share
    value.forEach((entry, column) => (numerator[column] = numerator[column]! + share * entry))
  }
  return { numerator, denominator, scale }
}

const output = ({ numerator, denominator }: Reading): number[] =>
  Array.from(numerator, (sum) => (denominator === 0 ? 0 : sum / denominator))

/** The state of a stretch, split in any way into pieces that are combined with the decay between them. */
function inPieces(list: readonly Key[], cuts: readonly number[], gamma: number): State {
  const cut = cuts[0]
  const [only] = list
  if (only === undefined) return empty(features, width)
  if (list.length === 1) return token(only.row, only.value)
  const middle = 1 + ((cut ?? 0) % (list.length - 1))
  const right = list.slice(middle)
  const left = inPieces(list.slice(0, middle), cuts.slice(1), gamma)
  return combine(act(right.length * Math.log(gamma), left), inPieces(right, cuts.slice(2), gamma))
}

test('what rows do is a power of the γ of their head, and never more than nothing', () => {
  const action: Action = {
    kind: 'powers',
    base: subtract(constant(1), apply('power', constant(2), subtract(constant(-1), variable('head')))),
  }
  expect(logFactor(action, 0)(3)).toBeCloseTo(3 * Math.log(0.5), 12)
  expect(logFactor(action, 1)(5)).toBeCloseTo(5 * Math.log(0.75), 12)
  expect(logFactor(action, 1)(0)).toBe(0)
  expect(logFactor({ kind: 'identity' }, 1)(5)).toBe(0)
})

describe('forms of one attention', () => {
  const sequence = fc.array(keys, { minLength: 1, maxLength: 12 })
  const cuts = fc.array(fc.nat(20), { minLength: 24, maxLength: 24 })

  test.each([1, 0.9])('step by step, in any pieces and all at once agree, γ = %d', (gamma) => {
    fc.assert(
      fc.property(featureRows, sequence, cuts, (query, list, places) => {
        const expected = output(direct(query, list, gamma))
        const recurrent = list.reduce(
          (state, { row, value }) => combine(act(Math.log(gamma), state), token(row, value)),
          empty(features, width),
        )
        const forms = [recurrent, inPieces(list, places, gamma)]
        for (const form of forms)
          output(read(form, query)).forEach((entry, n) => expect(entry).toBeCloseTo(expected[n]!, 8))
      }),
      { seed: 12, numRuns: 300 },
    )
  })

  test('features that are exponents apart are both kept', () => {
    const key = (f: number, exponent: number): FeatureRow => ({
      coefficient: Float64Array.from([0, 0, 0], (_, n) => Number(n === f)),
      exponent: new Float64Array(features).fill(exponent),
    })
    const both = [
      { row: key(0, 4000), value: Float64Array.of(1, 0) },
      { row: key(1, -4000), value: Float64Array.of(0, 1) },
    ].reduce((state, { row, value }) => combine(state, token(row, value)), empty(features, width))
    expect(output(read(both, key(1, 0)))).toEqual([0, 1])
    expect(output(read(both, key(0, 0)))).toEqual([1, 0])
  })

  test('a query that sees nothing reads nothing', () => {
    const reading = read(empty(features, width), {
      coefficient: Float64Array.of(1, 1, 1),
      exponent: Float64Array.of(0, 0, 0),
    })
    expect(reading.denominator).toBe(0)
    expect([...reading.numerator]).toEqual([0, 0])
  })
})
