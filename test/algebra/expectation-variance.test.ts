// Variances in closed form against the papers' formulas and against draws.
import { describe, expect, test } from 'vitest'
import {
  marginalOf,
  quality,
  qualityOfRows,
  type Rows,
  type Variance,
  variance,
} from '../../compiler/algebra/expectation/index.ts'
import type { Coupling } from '../../runtime/contract/projections.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import { environmentOf, evaluateScalar } from '../../compiler/symbolic/evaluate.ts'
import { hadamardFactors } from '../../runtime/projection/index.ts'
import { modelOf } from '../reference/spec.ts'
import { blockMeans, sample } from './sampling.ts'

const softmax = 'exp(dot(q, k))'

function model(feature: string, projections = '16', dim = 4, declaration = ''): AttentionModel {
  return modelOf(
    `${declaration}\nattention a { dim: ${dim} kernel: ${softmax} feature: ${feature} projections: ${projections} }`,
  )
}

const oprf = `feature oprf(x, w) = (1 + 4 * 0.15)^(dim / 4) *
  exp(-0.15 * dot(w, w) + sqrt(1 + 4 * 0.15) * dot(w, x) - dot(x, x) / 2)`

function closed(found: Variance): Extract<Variance, { kind: 'closed' }> {
  if (found.kind !== 'closed') throw new Error(found.reason)
  return found
}

const rows: readonly Rows[] = [
  { q: [0.3, -0.2, 0.4, 0.1], k: [0.2, 0.5, -0.1, 0.3] },
  { q: [0.5, 0.1, 0.2, 0.3], k: [-0.4, 0.3, 0.1, -0.3] },
  { q: [0.4, 0, 0, 0], k: [0.4, 0, 0, 0] },
]

const squared = ({ q, k }: Rows, sign: 1 | -1): number =>
  Array.from(q).reduce((sum, entry, t) => sum + (entry + sign * (k[t] ?? 0)) ** 2, 0)
const inner = (pair: Rows): number => (squared(pair, 1) - squared(pair, -1)) / 4
const own = ({ q, k }: Rows): number =>
  [...Array.from(q), ...Array.from(k)].reduce((sum, entry) => sum + entry ** 2, 0)

describe('the formulas of the papers', () => {
  // Choromanski et al. 2021, Lemma 2, with z = q + k and Δ = q − k.
  const positive = (pair: Rows): number =>
    Math.exp(squared(pair, 1) + 2 * inner(pair)) * (1 - Math.exp(-squared(pair, 1)))
  const formulas: Readonly<Record<string, (pair: Rows) => number>> = {
    favor: positive,
    favor_hyperbolic: (pair) => (positive(pair) * (1 - Math.exp(-squared(pair, 1)))) / 2,
    favor_trigonometric: (pair) =>
      (Math.exp(squared(pair, 1) - 2 * inner(pair)) * (1 - Math.exp(-squared(pair, -1))) ** 2) / 2,
    // Likhosherstov et al. 2022: Λ²(1 − 4A)^d (1 − 8A)^(−d/2) exp(2(1 − 4A)‖z‖²/(1 − 8A)) is the second moment.
    oprf: (pair) => {
      const [a, dim] = [-0.15, 4]
      const growth = (1 - 4 * a) ** dim * (1 - 8 * a) ** (-dim / 2)
      const exponent = (2 * (1 - 4 * a) * squared(pair, 1)) / (1 - 8 * a)
      return growth * Math.exp(exponent - own(pair)) - Math.exp(2 * inner(pair))
    },
  }

  test.each(Object.entries(formulas))('%s', (feature, formula) => {
    const found = closed(variance(model(feature, '16', 4, oprf)))
    for (const pair of rows) {
      expect(found.at(pair) * 16).toBeCloseTo(formula(pair), 10)
      expect(found.at(pair, 64) * 64).toBeCloseTo(formula(pair), 10)
      expect(found.meanAt(pair)).toBeCloseTo(Math.exp(inner(pair)), 12)
    }
  })

  test('are written out', () => {
    expect(closed(variance(model('favor'))).formula).toBe(
      '(exp(4 * dot(q, k) + dot(q, q) + dot(k, k)) - exp(2 * dot(q, k))) / m',
    )
    const { expression } = closed(variance(model('favor_hyperbolic')))
    for (const pair of rows) {
      const environment = { q: Float64Array.from(pair.q), k: Float64Array.from(pair.k), m: 16 }
      expect(evaluateScalar(expression!, environmentOf(environment))).toBeCloseTo(
        closed(variance(model('favor_hyperbolic'))).at(pair),
        12,
      )
    }
  })
})

describe('the variance of drawn rows', () => {
  const features: Readonly<Record<string, string>> = {
    favor: '',
    favor_hyperbolic: '',
    favor_trigonometric: '',
    gaussian_fourier: '',
    oprf,
    hermite: 'feature hermite(x, w) = (dot(w, x)^2 - dot(x, x)) / sqrt(2)',
    linear: 'feature linear(x, w) = query dot(w, x) + 1 key 2 * dot(w, x)',
    mixed: 'feature mixed(x, w) = [exp(-dot(w, x)^2 / 2), dot(w, x) * exp(-dot(w, w) / 4), 0.5]',
  }
  test.each(Object.entries(features))('%s', (feature, declaration) => {
    const found = model(feature, '16', 4, declaration)
    const { q, k } = rows[0]!
    const measured = sample(found, { q: Array.from(q), k: Array.from(k) }, 40_000).variance
    expect(measured / (closed(variance(found)).at(rows[0]!) * 16)).toBeGreaterThan(0.93)
    expect(measured / (closed(variance(found)).at(rows[0]!) * 16)).toBeLessThan(1.07)
  })

  test('of fixed length', () => {
    const found = model('favor', '16 fixed_norm')
    const { q, k } = rows[0]!
    const { variance: measured } = sample(found, { q: Array.from(q), k: Array.from(k) }, 40_000)
    expect(Math.abs(measured / (closed(variance(found)).at(rows[0]!) * 16) - 1)).toBeLessThan(0.05)
  })
})

describe('orthogonal rows', () => {
  test.each(['favor', 'favor_hyperbolic'])(
    '%s: no more than the bound, which is below independent rows',
    (feature) => {
      for (const m of [4, 6]) {
        const found = model(feature, `${m} orthogonal`)
        const { at, orthogonal } = closed(variance(found))
        const pair = rows[2]!
        const bound = orthogonal!.at(pair)
        expect(bound).toBeLessThan(at(pair))
        const values = blockMeans(found, { q: Array.from(pair.q), k: Array.from(pair.k) }, m, 3000)
        const mean = values.reduce((a, b) => a + b, 0) / values.length
        const measured = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length
        expect(measured).toBeLessThan(bound * 1.1)
      }
    },
  )

  test('have no bound where the theorem does not apply', () => {
    expect(closed(variance(model('favor_trigonometric', '16 orthogonal'))).orthogonal).toBeUndefined()
    expect(closed(variance(model('oprf', '16 orthogonal', 4, oprf))).orthogonal).toBeUndefined()
    expect(closed(variance(model('favor', '16'))).orthogonal).toBeUndefined()
  })
})

describe('where there is no closed form', () => {
  test('a second moment that does not exist', () => {
    const declaration = 'feature f(x, w) = exp(0.15 * dot(w, w) + dot(w, x))'
    expect(variance(model('f', '16', 4, declaration))).toEqual({
      kind: 'infinite',
      reason:
        'The second moment exists only where 1 - 2 * a > 0 with a before dot(w, w), which is -1 / 5 here.',
    })
  })

  test('nothing random, and nothing known', () => {
    const plain = modelOf(`attention a { dim: 4 kernel: ${softmax} feature: elu1 }`)
    expect(variance(plain).kind).toBe('deterministic')
    expect(quality(plain, { normQ: 1, normK: 1 })).toBeUndefined()
    expect(variance(model('relu_features')).kind).toBe('undecided')
    expect(quality(model('relu_features'), { normQ: 1, normK: 1 })).toBeUndefined()
  })
})

describe('the quality of attention weights', () => {
  const at = (
    feature: string,
    deviation: number,
    projections = '256',
  ): NonNullable<ReturnType<typeof quality>> => {
    // Rows of 64 normal entries of this deviation, each multiplied by 64^(−1/4).
    const norm = (deviation * Math.sqrt(64)) / 64 ** 0.25
    return quality(model(feature, projections, 64), { normQ: norm, normK: norm })!
  }

  test('the customary 256 projections are worse than uniform attention at unit variance', () => {
    for (const feature of ['favor', 'favor_hyperbolic', 'favor_trigonometric'])
      for (const projections of ['256', '256 orthogonal']) {
        const { worseThanUniform, errorOverUniform, projectionsNeeded } = at(feature, 1, projections)
        expect(worseThanUniform).toBe(true)
        expect(errorOverUniform).toBeGreaterThan(50)
        expect(projectionsNeeded).toBeGreaterThan(1e5)
      }
  })

  test('and better at a quarter of it, for hyperbolic features', () => {
    const { worseThanUniform, projectionsNeeded } = at('favor_hyperbolic', 0.25)
    expect(worseThanUniform).toBe(false)
    expect(projectionsNeeded).toBeLessThan(256)
    expect(at('favor_hyperbolic', 0.25, String(projectionsNeeded)).worseThanUniform).toBe(false)
    expect(at('favor_hyperbolic', 0.25, String(projectionsNeeded - 1)).worseThanUniform).toBe(true)
  })

  test('the relative deviation of one entry, and the projections for a target', () => {
    const { relativeDeviation, projectionsFor } = quality(model('favor', '16', 8), {
      normQ: 0.6,
      normK: 0.8,
    })!
    // √(exp(‖z‖²) − 1) with ‖z‖² = 1 and 1.4².
    expect(relativeDeviation.orthogonal).toBeCloseTo(Math.sqrt((Math.E - 1) / 16), 12)
    expect(relativeDeviation.parallel).toBeCloseTo(Math.sqrt((Math.exp(1.96) - 1) / 16), 12)
    expect(projectionsFor(0.1)).toBe(Math.ceil((Math.E - 1) * 100))
    expect(projectionsFor(10)).toBe(1)
  })

  test('the predicted error is that of weights from drawn projections', () => {
    const found = model('favor', '64', 8)
    const keys = Array.from({ length: 12 }, (_, n) =>
      Array.from({ length: 8 }, (__, t) => 0.3 * Math.sin(3 * n + 5 * t + n * t)),
    )
    const queries = keys.slice(0, 2).map((key) => key.map((entry) => -entry))
    const predicted = qualityOfRows(found, queries, keys)!.errorOverUniform
    let error = 0
    let uniform = 0
    for (const q of queries) {
      const exact = normalised(keys.map((k) => Math.exp(inner({ q, k }))))
      uniform += 60 * exact.reduce((sum, weight) => sum + (weight - 1 / keys.length) ** 2, 0)
      const means = keys.map((k) => blockMeans(found, { q, k }, 64, 60))
      for (let draw = 0; draw < 60; draw++) {
        const weights = normalised(means.map((values) => values[draw]!))
        error += weights.reduce((sum, weight, n) => sum + (weight - exact[n]!) ** 2, 0)
      }
    }
    expect(Math.abs(Math.sqrt(error / uniform) / predicted - 1)).toBeLessThan(0.12)
  })
})

describe('what a coupling leaves of a row', () => {
  test('a transform stands for a rotation exactly where the projection uses one', () => {
    for (let dim = 1; dim <= 40; dim++) {
      const { law } = marginalOf({ count: 4, coupling: 'hadamard', fixedNorm: false, seed: 0 }, dim)
      const transformed = hadamardFactors({ rows: 4, dim, coupling: 'hadamard', fixedNorm: false, seed: 0 })
      expect(law).toBe(transformed === undefined ? 'normal' : 'nearly normal')
    }
  })

  test('the others are exact, and a fixed length is a sphere', () => {
    for (const coupling of ['iid', 'orthogonal', 'simplex'] satisfies Coupling[]) {
      const projections = { count: 4, coupling, seed: 0 }
      expect(marginalOf({ ...projections, fixedNorm: false }, 64)).toMatchObject({
        law: 'normal',
        exactDegree: Infinity,
      })
      expect(marginalOf({ ...projections, fixedNorm: true }, 64).law).toBe('spherical')
    }
  })
})

const normalised = (values: readonly number[]): number[] => {
  const total = values.reduce((a, b) => a + b, 0)
  return values.map((value) => value / total)
}
