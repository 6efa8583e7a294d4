// What is right is not refuted: small attentions of every kind, on kernels interpreted on the host.
import { describe, expect, test } from 'vitest'
import { interpreterPlatform } from '../../compiler/verification/execution/interpreter.ts'
import { referencePlatform } from '../../compiler/verification/execution/reference.ts'
import type { PropertyName } from '../../compiler/verification/report.ts'
import { rightClaims } from './mutants/features.ts'
import { modelOf, resultOf } from './verify-text.ts'

const attention = (settings: string, more = ''): string =>
  `${more}\nattention one { dim: 4 value_dim: 3 scale: 0.5 ${settings} }`

const specs: readonly (readonly [string, string])[] = [
  ['exact', attention('kernel: exp(dot(q, k))')],
  ['exact, causal', attention('kernel: exp(dot(q, k)) mask: causal')],
  ['exact, in a window', attention('kernel: exp(dot(q, k)) mask: i >= j && i - j < 5')],
  ['exact, by a polynomial', attention('kernel: (1 + dot(q, k))^2 epsilon: 0.1')],
  ['positive features', attention('feature: favor projections: 6 orthogonal seed 3 mask: causal')],
  ['the papers’ maxima', attention('feature: favor projections: 6 seed 3 stabilize: max 1e-3')],
  ['trigonometric features', attention('feature: favor_trigonometric projections: 6 simplex seed 3')],
  [
    'rows as features, decaying',
    attention('feature: identity mask: causal decay: 1 - 2^(-1 - head) normalize: none'),
  ],
  ['what vanishes', attention('feature: elu1 mask: causal')],
  ['what fades from sight', attention('feature: elu1 mask: causal decay: 0.5')],
  ['a polynomial', attention('kernel: 1 + dot(q, k) + dot(q, k)^2 / 2 feature: taylor2 mask: causal')],
  ['places', attention('feature: cosformer epsilon: 1e-3')],
  [
    'nested functions that cancel',
    attention(
      'feature: odd mask: causal',
      'feature odd(x) = [softplus(x) / (1 + norm(x)), sqrt(1 + dot(x, x)) - 1, exp(tanh(x) - maximum(x) / 8)]',
    ),
  ],
]

const ofKernels: readonly PropertyName[] = [
  'reference',
  'causality',
  'recurrence',
  'permutation',
  'convexity',
  'padding',
  'range',
]

describe.each(specs)('%s', (_, text) => {
  test('is not refuted', async () => {
    const model = modelOf(text)
    const results = []
    for (const property of ofKernels)
      results.push(await resultOf(model, interpreterPlatform(), property, { runs: 3, seed: 3 }))
    const refuted = results.filter(({ status }) => status === 'refuted')
    expect(refuted.map(({ name, detail }) => `${name}: ${detail}`)).toEqual([])
    expect(results.some(({ status }) => status === 'held')).toBe(true)
  })
})

describe.each(['iid', 'orthogonal', 'hadamard', 'simplex', 'orthogonal fixed_norm', 'hadamard fixed_norm'])(
  'projections that are %s',
  (law) => {
    test.each([1, 8, 20])('of width %i', async (dim) => {
      if (law === 'simplex' && dim === 1) return
      const model = modelOf(
        `attention one { dim: ${dim} kernel: exp(dot(q, k)) feature: favor projections: 2 ${law} seed 5 }`,
      )
      const angles = await resultOf(model, referencePlatform, 'orthogonality')
      expect(angles).toMatchObject({ status: 'held' })
      const spread = await resultOf(model, referencePlatform, 'variance')
      expect(spread).not.toMatchObject({ status: 'refuted' })
    })
  },
)

// Two corners of a simplex are opposite, so that even functions are the same at both; no theorem speaks against it.
test.each([
  ['favor_hyperbolic', 'simplex'],
  ['fast', 'orthogonal fixed_norm'],
])('%s of two rows that are %s varies more than of two independent ones', async (feature, law) => {
  const model = modelOf(
    `feature fast(x, w) = [cos(8 * dot(w, x)), sin(8 * dot(w, x))]
    attention one { dim: 2 feature: ${feature} projections: 4 ${law} }`,
  )
  const { status, detail } = await resultOf(model, referencePlatform, 'variance', { runs: 20 })
  expect(status).toBe('held')
  expect(detail).toMatch(/rows vary up to 1\.\d+ times as much as independent ones$/)
})

describe('right claims', () => {
  test.each(rightClaims)('$what', async ({ text, by }) => {
    const sample = { draws: [40, 40], projections: 128 } as const
    const result = await resultOf(modelOf(text), referencePlatform, 'unbiased', { sample })
    expect(result).toMatchObject({ status: by === 'proof' ? 'proved' : 'held' })
  })
})
