// The thresholds of the tests, and the tests themselves against simulated estimates.
import { describe, expect, test } from 'vitest'
import { scatteredNormal } from '../../compiler/verification/cases/scatter.ts'
import { errorsToFind, judgeBias } from '../../compiler/verification/properties/bias.ts'
import {
  chiSquaredBelow,
  kolmogorovDistance,
  kolmogorovThreshold,
} from '../../compiler/verification/statistics/chi-squared.ts'
import { Moments } from '../../compiler/verification/statistics/moments.ts'
import { normalThreshold, studentThreshold } from '../../compiler/verification/statistics/quantiles.ts'

describe('distributions', () => {
  test('χ² agrees with tables', () => {
    // 5% points of 1, 4, 10 and 100 degrees of freedom.
    for (const [x, freedom] of [
      [3.8414588, 1],
      [9.487729, 4],
      [18.3070381, 10],
      [124.3421134, 100],
    ] as const)
      expect(chiSquaredBelow(x, freedom)).toBeCloseTo(0.95, 7)
    // Of two degrees it is an exponential.
    for (const x of [0.1, 1, 5, 30]) expect(chiSquaredBelow(x, 2)).toBeCloseTo(1 - Math.exp(-x / 2), 12)
    expect(chiSquaredBelow(0, 3)).toBe(0)
  })

  test('Student’s t agrees with tables', () => {
    expect(studentThreshold(0.025, 30)).toBeCloseTo(2.0423, 3)
    expect(studentThreshold(0.0005, 40)).toBeCloseTo(3.551, 2)
    expect(studentThreshold(1e-6, 60)).toBeCloseTo(5.281, 1)
    expect(studentThreshold(1e-9, 1e9)).toBeCloseTo(5.9978, 3)
    expect(normalThreshold(0.01)).toBeCloseTo(2.3263, 4)
  })

  test('the Kolmogorov distance of a lattice is half a step', () => {
    const n = 50
    const lattice = Array.from({ length: n }, (_, k) => (k + 0.5) / n)
    expect(kolmogorovDistance(lattice, (x) => x)).toBeCloseTo(0.5 / n, 12)
    expect(kolmogorovDistance(lattice, (x) => x * x)).toBeGreaterThan(kolmogorovThreshold(1e-2, n))
  })

  test('moments are those of the numbers', () => {
    const numbers = Array.from({ length: 200 }, (_, n) => 1e4 + Math.exp(scatteredNormal(n)))
    const moments = new Moments(Float64Array.of(1e4))
    for (const value of numbers) moments.add([value])
    const mean = numbers.reduce((sum, value) => sum + value, 0) / 200
    const central = (power: number): number =>
      numbers.reduce((sum, value) => sum + (value - mean) ** power, 0) / 200
    expect(moments.mean(0)).toBeCloseTo(mean, 8)
    expect(moments.variance(0)).toBeCloseTo((central(2) * 200) / 199, 8)
    expect(moments.skewness(0)).toBeCloseTo(central(3) / central(2) ** 1.5, 6)
  })
})

describe('the test of a kernel estimate', () => {
  const draws = 48
  const entries = 16

  /** Calls that estimate 16 entries of 1 with the spread at which a bias of 5% is just to be found. */
  function simulated(bias: number, seed: number): ReturnType<typeof judgeBias> {
    const claimed = new Float64Array(entries).fill(1)
    const spread = (0.05 / errorsToFind(entries, draws)) * Math.sqrt(draws)
    const moments = new Moments(claimed)
    for (let draw = 0; draw < draws; draw++)
      moments.add(
        Array.from(claimed, (_, entry) => {
          const off = entry === 3 ? bias : 0
          return 1 + off + spread * scatteredNormal(seed, draw, entry)
        }),
      )
    const rows = [0, 1, 2, 3].map(() => new Float64Array(2))
    const rounding = new Float64Array(entries)
    return judgeBias({ queries: rows, keys: rows, claimed, rounding, moments, projections: draws * 1000 })
  }

  const share = (bias: number, trials: number): number =>
    Array.from({ length: trials }, (_, trial) => simulated(bias, trial)).filter(
      ({ refutation }) => refutation !== undefined,
    ).length / trials

  test('finds a bias of 5% with probability 0.99, as it says', () => {
    expect(share(0.05, 2000)).toBeGreaterThan(0.985)
    expect(share(-0.05, 2000)).toBeGreaterThan(0.985)
    expect(share(0.06, 500)).toBe(1)
  })

  test('raises no false alarm', () => {
    expect(share(0, 3000)).toBe(0)
    expect(share(0.01, 500)).toBe(0)
  })

  test('says how large a bias it would find', () => {
    expect(simulated(0, 1).words).toMatch(/a bias of (4|5|6)(\.\d)?% would show/)
  })

  test('leaves out what is too heavy-tailed to be judged', () => {
    const claimed = new Float64Array(1).fill(1)
    const moments = new Moments(claimed)
    for (let draw = 0; draw < draws; draw++) moments.add([draw === 0 ? 50 : 0.01 * scatteredNormal(draw)])
    const row = [new Float64Array(2)]
    const verdict = judgeBias({
      queries: row,
      keys: row,
      claimed,
      rounding: new Float64Array(1),
      moments,
      projections: 9,
    })
    expect(verdict).toMatchObject({ entries: 0 })
    expect(verdict.refutation).toBeUndefined()
  })
})
