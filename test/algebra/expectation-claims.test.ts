// True claims are proved and false ones refuted, and every verdict is held against draws.
import { describe, expect, test } from 'vitest'
import { proveClaim } from '../../compiler/algebra/expectation/index.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import { environmentOf, evaluateScalar } from '../../compiler/symbolic/evaluate.ts'
import { modelOf } from '../reference/spec.ts'
import { featureProduct, kernelAt, type Pair, sample } from './sampling.ts'

interface Claim {
  readonly feature?: string
  readonly named?: string
  readonly kernel: string
  readonly projections?: string
  readonly dim?: number
  readonly settings?: string
}

function claimed({
  feature,
  named = 'f',
  kernel,
  projections,
  dim = 4,
  settings = '',
}: Claim): AttentionModel {
  const declared = feature === undefined ? '' : `feature f${feature}\n`
  const projected = projections === undefined ? '' : `projections: ${projections}`
  return modelOf(
    `${declared}attention a { dim: ${dim} kernel: ${kernel} feature: ${named} ${projected} ${settings} }`,
  )
}

const pairs: readonly Pair[] = [
  { q: [0.3, -0.2, 0.4, 0.1], k: [0.2, 0.5, -0.1, 0.3] },
  { q: [-0.5, 0.1, 0.2, 0.3], k: [0.4, 0.3, 0, -0.3] },
  { q: [0.3, 0.2, 0.4, 0.1], k: [0.2, 0.5, 0.1, 0.3] },
]

const cut = ({ q, k }: Pair, dim: number): Pair => ({ q: q.slice(0, dim), k: k.slice(0, dim) })

const draws = 12000

/** Within five standard errors; an estimate without variance is within rounding. */
function expectMean(model: AttentionModel, pair: Pair, value: number): void {
  const exact = { mean: featureProduct(model, pair, new Float64Array(model.dim)), error: 0 }
  const { mean, error } = model.projections === undefined ? exact : sample(model, pair, draws)
  expect(Math.abs(mean - value)).toBeLessThan(5 * error + 1e-9 * (1 + Math.abs(value)))
}

const softmax = 'exp(dot(q, k))'
const iid = '16'

const positive = '(x, w) = exp(dot(w, x) - dot(x, x) / 2)'

const proved: Readonly<Record<string, Claim>> = {
  favor: { named: 'favor', kernel: softmax, projections: iid },
  'favor, orthogonal': { named: 'favor', kernel: softmax, projections: '16 orthogonal' },
  'favor, simplex': { named: 'favor', kernel: softmax, projections: '16 simplex seed 3' },
  'favor, hadamard of a size that draws rotations': {
    named: 'favor',
    kernel: softmax,
    projections: '16 hadamard',
  },
  'favor, with a scale': {
    named: 'favor',
    kernel: softmax,
    projections: iid,
    settings: 'scale: 1 / sqrt(dim)',
  },
  'favor, in one dimension': { named: 'favor', kernel: 'exp(sum(q) * sum(k))', projections: iid, dim: 1 },
  favor_hyperbolic: { named: 'favor_hyperbolic', kernel: softmax, projections: '16 orthogonal' },
  favor_trigonometric: { named: 'favor_trigonometric', kernel: softmax, projections: iid },
  'the Gaussian kernel by dot': {
    named: 'gaussian_fourier',
    kernel: 'exp(-dot(q - k, q - k) / 2)',
    projections: iid,
  },
  'by norm': { named: 'gaussian_fourier', kernel: 'exp(-norm(q - k)^2 / 2)', projections: iid },
  'by sum': { named: 'gaussian_fourier', kernel: 'exp(-sum((q - k)^2) / 2)', projections: iid },
  'by mean': { named: 'gaussian_fourier', kernel: 'exp(-mean((q - k)^2) * dim / 2)', projections: iid },
  'by factors': {
    named: 'gaussian_fourier',
    kernel: 'exp(dot(q, k)) / (exp(dot(q, q) / 2) * exp(norm(k)^2 / 2))',
    projections: iid,
  },
  'FAVOR++ with A = -0.1': {
    feature: '(x, w) = (1 + 0.4)^(dim / 4) * exp(-0.1 * dot(w, w) + sqrt(1.4) * dot(w, x) - dot(x, x) / 2)',
    kernel: softmax,
    projections: iid,
  },
  'FAVOR++ with A = -1.7': {
    feature: '(x, w) = 7.8^(dim / 4) * exp(-1.7 * norm(w)^2 + sqrt(7.8) * dot(w, x) - dot(x, x) / 2)',
    kernel: softmax,
    projections: iid,
  },
  'FAVOR# with a factor for each entry': {
    feature: '(x, w) = exp(dot(w, x * sqrt(1 + 4 * x * x)) - sum(w^2 * x^2) - dot(x, x) / 2 - 2 * sum(x^4))',
    kernel:
      'exp(sum((q * sqrt(1 + 4 * q^2) + k * sqrt(1 + 4 * k^2))^2 / (1 + 2 * q^2 + 2 * k^2)) / 2 - dot(q, q) / 2 - dot(k, k) / 2 - 2 * sum(q^4 + k^4) - sum(log(1 + 2 * q^2 + 2 * k^2)) / 2)',
    projections: iid,
  },
  'sines and cosines of a phase': {
    feature: '(x, w) = [sqrt(1.5) * cos(dot(w, x) + 0.7), sqrt(1.5) * sin(dot(w, x) + 0.7)]',
    kernel: '1.5 * exp(-dot(q - k, q - k) / 2)',
    projections: iid,
  },
  'another temperature': {
    feature: '(x, w) = exp(2 * dot(w, x) - 2 * dot(x, x))',
    kernel: 'exp(4 * dot(q, k))',
    projections: iid,
  },
  'asymmetric maps': {
    feature: '(x, w) = query exp(2 * dot(w, x) - 2 * dot(x, x)) key exp(dot(w, x) - dot(x, x) / 2)',
    kernel: 'exp(2 * dot(q, k))',
    projections: iid,
  },
  'asymmetric, with the correction on one side': {
    feature: '(x, w) = query exp(dot(w, x) - dot(x, x) / 2) key exp(dot(w, x))',
    kernel: 'exp(dot(q, k) + dot(k, k) / 2)',
    projections: iid,
  },
  'shifted rows': {
    feature: '(x, w) = exp(sum(w * (x - 0.5)) - sum((x - 0.5)^2) / 2)',
    kernel: 'exp(dot(q - 0.5, k - 0.5))',
    projections: iid,
  },
  'cosh and sinh': {
    feature: '(x, w) = [cosh(dot(w, x)) * exp(-dot(x, x) / 2), sinh(dot(w, x)) * exp(-dot(x, x) / 2)]',
    kernel: softmax,
    projections: iid,
  },
  'the hyperbolic cosine of a product': {
    feature: '(x, w) = cosh(dot(w, x)) * exp(-dot(x, x) / 2)',
    kernel: 'cosh(dot(q, k))',
    projections: iid,
  },
  'random projections': { feature: '(x, w) = dot(w, x)', kernel: 'dot(q, k)', projections: iid },
  'random projections of fixed length': {
    feature: '(x, w) = dot(w, x)',
    kernel: 'dot(q, k)',
    projections: '16 orthogonal fixed_norm',
  },
  'random projections by a transform': {
    feature: '(x, w) = dot(w, x)',
    kernel: 'dot(q, k)',
    projections: '16 hadamard',
    dim: 16,
  },
  'Hermite features': {
    feature: '(x, w) = (dot(w, x)^2 - dot(x, x)) / sqrt(2)',
    kernel: 'dot(q, k)^2',
    projections: iid,
  },
  'squares of projections': {
    feature: '(x, w) = dot(w, x)^2',
    kernel: '2 * dot(q, k)^2 + dot(q, q) * dot(k, k)',
    projections: iid,
  },
  'squares of projections of fixed length': {
    feature: '(x, w) = dot(w, x)^2',
    kernel: '(2 * dot(q, k)^2 + dot(q, q) * dot(k, k)) * dim / (dim + 2)',
    projections: '16 fixed_norm',
  },
  'a polynomial of blocks': {
    feature: '(x, w) = [1, dot(w, x), (dot(w, x)^2 - dot(x, x)) / 2]',
    kernel: '1 + dot(q, k) + dot(q, k)^2 / 2',
    projections: iid,
  },
  'a polynomial times an exponential': {
    feature:
      '(x, w) = query (dot(w, x) - dot(x, x)) * exp(dot(w, x) - dot(x, x) / 2) key exp(dot(w, x) - dot(x, x) / 2)',
    kernel: 'dot(q, k) * exp(dot(q, k))',
    projections: iid,
  },
  'exponentials of squared projections': {
    feature: '(x, w) = exp(-dot(w, x)^2 / 2)',
    kernel: '1 / sqrt((1 + dot(q, q)) * (1 + dot(k, k)) - dot(q, k)^2)',
    projections: iid,
  },
  'constants typed with eight digits': {
    feature:
      '(x, w) = [0.70710678 * exp(dot(w, x) - dot(x, x) / 2), 0.70710678 * exp(-dot(w, x) - dot(x, x) / 2)]',
    kernel: softmax,
    projections: iid,
  },
  'powers of exponentials': {
    feature: '(x, w) = exp(dot(w, x) / 2)^2 * sqrt(exp(-dot(x, x)))',
    kernel: 'exp(dot(q, k) / 3)^3',
    projections: iid,
  },
  'a mixture of kernels': {
    feature:
      '(x, w) = [sqrt(0.3) * exp(dot(w, x) - dot(x, x) / 2), sqrt(0.7) * cos(dot(w, x)), sqrt(0.7) * sin(dot(w, x))]',
    kernel: '0.3 * exp(dot(q, k)) + 0.7 * exp(-dot(q - k, q - k) / 2)',
    projections: iid,
  },
  'what cancels': {
    feature: '(x, w) = exp(dot(w, x) - dot(x, x) / 2) * (relu(dot(w, x)) - relu(-dot(w, x)) - dot(w, x) + 1)',
    kernel: softmax,
    projections: iid,
  },
  taylor2: { named: 'taylor2', kernel: '1 + dot(q, k) + dot(q, k)^2 / 2' },
  'taylor2, completed': { named: 'taylor2', kernel: '((1 + dot(q, k))^2 + 1) / 2' },
  identity: { named: 'identity', kernel: 'dot(q, k)' },
  'elu1, expanded': { named: 'elu1', kernel: 'dot(elu(q), elu(k)) + sum(elu(q) + elu(k)) + dim' },
  'elu1, by other functions': {
    named: 'elu1',
    kernel: 'sum((max(q, 0) + exp(min(q, 0))) * (max(k, 0) + exp(min(k, 0))))',
  },
  'sigmoids by tanh': {
    feature: '(x) = sigmoid(x)',
    kernel: 'sum((1 + tanh(q / 2)) * (1 + tanh(k / 2))) / 4',
  },
  'silu by sigmoid': { feature: '(x) = silu(x)', kernel: 'sum(q * k * sigmoid(q) / (1 + exp(-k)))' },
  'softplus by log': {
    feature: '(x) = softplus(x)',
    kernel: 'sum(log(1 + exp(q)) * log(exp(k) + 1))',
  },
  'what positive rows alone have': { feature: '(x) = log(x)', kernel: 'dot(log(q), log(k))' },
  'quotients of powers': {
    feature: '(x) = x / (1 + x^2)^2',
    kernel: 'sum(q * k / ((1 + q^2)^2 * (1 + k^2)^2))',
  },
  'softmax of rows': {
    feature: '(x) = softmax(x)',
    kernel: 'sum(exp(q) * exp(k)) / (sum(exp(q)) * sum(exp(k)))',
  },
  'cosines of entries': {
    feature: '(x) = [cos(x), sin(x)]',
    kernel: 'sum(cos(q - k))',
  },
  'outer products of three': {
    feature: '(x) = outer(x, outer(x, x))',
    kernel: 'dot(q, k)^3',
  },
  'positions that cancel': {
    feature: '(x) = query x * exp(length) key x * exp(-length)',
    kernel: 'dot(q, k)',
  },
  'norms of rows': { feature: '(x) = x / norm(x)', kernel: 'dot(q, k) / sqrt(dot(q, q) * dot(k, k))' },
}

describe('true claims are proved', () => {
  test.each(Object.entries(proved))('%s', (_, claim) => {
    const model = claimed(claim)
    const verdict = proveClaim(model)
    expect({ status: verdict.status, why: 'reason' in verdict ? verdict.reason : '' }).toEqual({
      status: 'proved',
      why: '',
    })
    expect(verdict.steps.length).toBeGreaterThan(1)
    const pair = cut(pairs[2]!, model.dim)
    if (pair.q.length === model.dim) expectMean(model, pair, kernelAt(model, pair))
  })
})

interface FalseClaim extends Claim {
  readonly estimates: string
}

const refuted: Readonly<Record<string, FalseClaim>> = {
  'the half is missing': {
    feature: '(x, w) = exp(dot(w, x) - dot(x, x))',
    kernel: softmax,
    projections: iid,
    estimates: 'exp(dot(q, k) - dot(q, q) / 2 - dot(k, k) / 2)',
  },
  'the norm is missing': {
    feature: '(x, w) = exp(dot(w, x))',
    kernel: softmax,
    projections: iid,
    estimates: 'exp(dot(q, k) + dot(q, q) / 2 + dot(k, k) / 2)',
  },
  'a half that is one percent off': {
    feature: '(x, w) = exp(dot(w, x) - 0.505 * dot(x, x))',
    kernel: softmax,
    projections: iid,
    estimates: 'exp(dot(q, k) - 0.005 * dot(q, q) - 0.005 * dot(k, k))',
  },
  'a wrong sign': {
    feature: '(x, w) = exp(dot(w, x) + dot(x, x) / 2)',
    kernel: softmax,
    projections: iid,
    estimates: 'exp(dot(q, k) + dot(q, q) + dot(k, k))',
  },
  'twice the product': {
    feature: '(x, w) = query exp(2 * dot(w, x) - 2 * dot(x, x)) key exp(dot(w, x) - dot(x, x) / 2)',
    kernel: softmax,
    projections: iid,
    estimates: 'exp(2 * dot(q, k))',
  },
  'a percent in the product': {
    feature: '(x, w) = exp(1.005 * dot(w, x) - dot(x, x) / 2)',
    kernel: softmax,
    projections: iid,
    estimates: 'exp(1.010025 * dot(q, k) + 0.0050125 * dot(q, q) + 0.0050125 * dot(k, k))',
  },
  'a small number added': {
    feature: '(x, w) = exp(dot(w, x) - dot(x, x) / 2) + 1e-3',
    kernel: softmax,
    projections: iid,
    estimates: 'exp(dot(q, k)) + 0.002001',
  },
  'the root of a half is missing': {
    feature: '(x, w) = [exp(dot(w, x) - dot(x, x) / 2), exp(-dot(w, x) - dot(x, x) / 2)]',
    kernel: softmax,
    projections: iid,
    estimates: '2 * exp(dot(q, k))',
  },
  'cosines without sines': {
    feature: '(x, w) = exp(dot(x, x) / 2) * cos(dot(w, x))',
    kernel: softmax,
    projections: iid,
    estimates: 'exp(dot(q, k)) / 2 + exp(-dot(q, k)) / 2',
  },
  'the Gaussian kernel for the exponential': {
    named: 'gaussian_fourier',
    kernel: softmax,
    projections: iid,
    estimates: 'exp(dot(q, k) - dot(q, q) / 2 - dot(k, k) / 2)',
  },
  'the Gaussian kernel without its half': {
    named: 'gaussian_fourier',
    kernel: 'exp(-dot(q - k, q - k))',
    projections: '16 orthogonal',
    estimates: 'exp(dot(q, k) - dot(q, q) / 2 - dot(k, k) / 2)',
  },
  'squares without their mean': {
    feature: '(x, w) = dot(w, x)^2 / sqrt(2)',
    kernel: 'dot(q, k)^2',
    projections: iid,
    estimates: 'dot(q, k)^2 + dot(q, q) * dot(k, k) / 2',
  },
  'squares of projections of fixed length': {
    feature: '(x, w) = dot(w, x)^2',
    kernel: '2 * dot(q, k)^2 + dot(q, q) * dot(k, k)',
    projections: '16 orthogonal fixed_norm',
    estimates: '4 * dot(q, k)^2 / 3 + 2 * dot(q, q) * dot(k, k) / 3',
  },
  'FAVOR++ without its factor': {
    feature: '(x, w) = exp(-0.1 * dot(w, w) + sqrt(1.4) * dot(w, x) - dot(x, x) / 2)',
    kernel: softmax,
    projections: iid,
    estimates: '25 * exp(dot(q, k)) / 49',
  },
  'the wrong coefficient of a square': {
    feature: '(x) = [1, x, outer(x, x)]',
    kernel: '1 + dot(q, k) + dot(q, k)^2 / 2',
    estimates: 'dot(q, k) + dot(q, k)^2 + 1',
  },
  'a polynomial for an exponential': {
    named: 'taylor2',
    kernel: softmax,
    estimates: 'dot(q, k) + dot(q, k)^2 / 2 + 1',
  },
  'a plain product for its double': { named: 'identity', kernel: '2 * dot(q, k)', estimates: 'dot(q, k)' },
  'cosFormer without its positions': {
    named: 'cosformer',
    kernel: 'dot(relu(q), relu(k))',
    estimates: 'dot(relu(q), relu(k)) * cos(pi * i / 2 / length - pi * j / 2 / length)',
  },
  'a line for a flat exponential': {
    feature: '(x) = [1, x / 16]',
    kernel: 'exp(dot(q, k) / 256)',
    estimates: '0.00390625 * dot(q, k) + 1',
  },
  'sums that do not come apart': {
    feature: '(x) = exp(outer(x, x))',
    kernel: 'sum(exp(q)) * sum(exp(k))',
    estimates: 'sum(t1 < 4) sum(t < 4) exp(q[t1] * q[t] + k[t1] * k[t])',
  },
  'an even share of entries': {
    feature: '(x) = exp(x)',
    kernel: 'sum(exp(q)) * sum(exp(k))',
    estimates: 'sum(exp(q + k))',
  },
}

describe('false claims are refuted, with what is estimated', () => {
  test.each(Object.entries(refuted))('%s', (_, claim) => {
    const model = claimed(claim)
    const verdict = proveClaim(model)
    if (verdict.status !== 'refuted')
      throw new Error(`${verdict.status}: ${JSON.stringify(verdict.steps, null, 1)}`)
    expect(verdict.estimates).toBe(claim.estimates)
    const { counterexample, estimatesExpression } = verdict
    expect(counterexample.claimed).toBeCloseTo(kernelAt(model, counterexample), 12)
    expect(Math.abs(counterexample.claimed / counterexample.expected - 1)).toBeGreaterThan(1e-5)
    const { i = 0, j = 0, length = 1 } = counterexample.positions ?? {}
    const rows = { q: Float64Array.from(counterexample.q), k: Float64Array.from(counterexample.k) }
    expect(evaluateScalar(estimatesExpression!, environmentOf({ ...rows, i, j, length }))).toBeCloseTo(
      counterexample.expected,
      8,
    )
    const modest = { ...pairs[1]!, ...(counterexample.positions && { positions: counterexample.positions }) }
    const environment = { q: Float64Array.from(modest.q), k: Float64Array.from(modest.k), i, j, length }
    expectMean(model, modest, evaluateScalar(estimatesExpression!, environmentOf(environment)))
  })

  test('softmax of rows of fixed length, by the series that it estimates', () => {
    const model = claimed({ named: 'favor', kernel: softmax, projections: '16 orthogonal fixed_norm' })
    const verdict = proveClaim(model)
    if (verdict.status !== 'refuted') throw new Error(verdict.status)
    expect(verdict.estimates).toContain('S(2 * dot(q, k) + dot(q, q) + dot(k, k))')
    expect(verdict.detail).toContain('not normal')
    expect(verdict.estimatesExpression).toBeUndefined()
    expect(verdict.counterexample.expected).toBeLessThan(verdict.counterexample.claimed)
    expectMean(model, verdict.counterexample, verdict.counterexample.expected)
  })

  test('a constant factor is said to leave normalised outputs alone', () => {
    const claim = refuted['the root of a half is missing']!
    expect(proveClaim(claimed(claim))).toMatchObject({
      detail: 'It estimates 2 times the kernel; normalised outputs are unaffected.',
    })
    expect(proveClaim(claimed({ ...claim, settings: 'normalize: none' }))).toMatchObject({
      detail: 'It estimates 2 times the kernel.',
    })
  })

  test('so is a factor of the query alone', () => {
    const feature = '(x, w) = query exp(dot(w, x)) key exp(dot(w, x) - dot(x, x) / 2)'
    expect(proveClaim(claimed({ feature, kernel: softmax, projections: iid }))).toMatchObject({
      status: 'refuted',
      detail:
        'It estimates exp(dot(q, q) / 2) times the kernel, a factor of the query alone; normalised outputs are unaffected.',
    })
  })

  test('an expectation that does not exist', () => {
    const verdict = proveClaim(
      claimed({ feature: '(x, w) = exp(0.3 * dot(w, w) + dot(w, x))', kernel: softmax, projections: iid }),
    )
    expect(verdict).toMatchObject({
      status: 'refuted',
      estimates: 'nothing: the expectation diverges',
      detail:
        'The expectation exists only where 1 - 2 * a > 0 with a before dot(w, w), which is -1 / 5 here.',
      counterexample: { expected: Infinity },
    })
  })

  test('an expectation that exists for small rows alone', () => {
    const verdict = proveClaim(
      claimed({ feature: '(x, w) = exp(dot(w, x)^2 / 20)', kernel: softmax, projections: iid }),
    )
    if (verdict.status !== 'refuted') throw new Error(verdict.status)
    const { q, k } = verdict.counterexample
    const length = (row: readonly number[]): number => row.reduce((sum, entry) => sum + entry ** 2, 0)
    expect(length(q) + length(k)).toBeGreaterThanOrEqual(10)
  })
})

describe('what is not decidable here is said to be so', () => {
  const undecided: Readonly<Record<string, readonly [Claim, RegExp]>> = {
    'relu of a projection that is weighted by its norm': [
      { feature: '(x, w) = relu(dot(w, x)) * norm(w)', kernel: softmax, projections: iid },
      /expectation of relu of a projection/,
    ],
    'rows that are nearly normal': [
      { named: 'favor', kernel: softmax, projections: '16 hadamard', dim: 16 },
      /For normal rows it is exact.*nearly N\(0, I\)/,
    ],
    'an exponent of the fourth degree': [
      { feature: '(x, w) = exp(-dot(w, w)^2)', kernel: softmax, projections: iid },
      /degree 4/,
    ],
    'a constant typed with four digits': [
      {
        feature:
          '(x, w) = [0.7071 * exp(dot(w, x) - dot(x, x) / 2), 0.7071 * exp(-dot(w, x) - dot(x, x) / 2)]',
        kernel: softmax,
        projections: iid,
      },
      /more digits/,
    ],
  }
  test.each(Object.entries(undecided))('%s', (_, [claim, reason]) => {
    const verdict = proveClaim(claimed(claim))
    expect(verdict.status).toBe('undecided')
    expect('reason' in verdict ? verdict.reason : '').toMatch(reason)
  })

  test('but a nearly normal row refutes what is far off', () => {
    const claim = { feature: '(x, w) = exp(dot(w, x))', kernel: softmax, projections: '16 hadamard', dim: 16 }
    expect(proveClaim(claimed(claim)).status).toBe('refuted')
  })
})

test('the derivation of FAVOR+', () => {
  const { steps } = proveClaim(claimed({ feature: positive, kernel: softmax, projections: '16 orthogonal' }))
  expect(steps.map(({ formula }) => formula)).toEqual([
    'E[φ(q)·φ(k)] = E_w[exp(dot(w, q) - dot(q, q) / 2) * exp(dot(w, k) - dot(k, k) / 2)]',
    'w ~ N(0, I)',
    'E_w[exp(dot(w, q) + dot(w, k) - dot(q, q) / 2 - dot(k, k) / 2)]',
    'E_w[exp(dot(w, u))] = exp(dot(u, u) / 2), u = q + k',
    'E_w[exp(dot(w, q) + dot(w, k) - dot(q, q) / 2 - dot(k, k) / 2)] = exp(dot(q, k))',
    'E[φ(q)·φ(k)] = exp(dot(q, k))',
    'exp(dot(q, k)) = exp(dot(q, k))',
  ])
})
