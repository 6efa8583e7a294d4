// Claims that nobody here had tried: the true ones are proved, of the false ones it is said what they estimate.
import { describe, expect, test } from 'vitest'
import { proveClaim } from '../../compiler/algebra/expectation/index.ts'
import { referencePlatform } from '../../compiler/verification/execution/reference.ts'
import { attentionOf, falseForms, trueForms } from './forms.ts'
import { modelOf, resultOf } from './verify-text.ts'

describe('true', () => {
  test.each(trueForms)('$what', (form) => {
    const { status, ...rest } = proveClaim(modelOf(attentionOf(form)))
    expect({ status, reason: 'reason' in rest ? rest.reason : '' }).toEqual({ status: 'proved', reason: '' })
  })
})

describe('false', () => {
  test.each(falseForms)('$what', ({ estimates, ...form }) => {
    expect(proveClaim(modelOf(attentionOf(form)))).toMatchObject({ status: 'refuted', estimates })
  })
})

// What rests on projections that are hardly ever drawn looks too small in every sample, and too certain.
describe('heavy tails refute nothing', () => {
  const positive = (slope: number): string =>
    `(x, w) = exp(${slope} * dot(w, x) - ${slope ** 2} * dot(x, x) / 2)`
  test.each([
    {
      what: 'no fourth moment',
      feature: '(x, w) = 0.6^(dim / 4) * exp(0.1 * dot(w, w) + sqrt(0.6) * dot(w, x) - dot(x, x) / 2)',
      kernel: 'exp(dot(q, k))',
      status: 'skipped',
    },
    {
      what: 'rows moved far',
      feature: '(x, w) = exp(dot(w, 2 * x + 1) - dot(2 * x + 1, 2 * x + 1) / 2)',
      kernel: 'exp(dot(2 * q + 1, 2 * k + 1))',
      status: 'skipped',
    },
    { what: 'a slope of 3', feature: positive(3), kernel: 'exp(9 * dot(q, k))', status: 'held' },
    {
      what: 'no variance',
      feature: '(x, w) = exp(-dot(x, x))',
      kernel: 'exp(-dot(q, q) - dot(k, k))',
      status: 'held',
    },
  ])('$what', async ({ status, ...form }) => {
    const model = modelOf(attentionOf({ ...form, law: '8' }))
    for (const seed of [0, 1, 2])
      expect(await resultOf(model, referencePlatform, 'variance', { seed, runs: 10 })).toMatchObject({
        status,
      })
    const sample = { draws: [24, 24], projections: 128 } as const
    expect(await resultOf(model, referencePlatform, 'unbiased', { sample })).toMatchObject({
      status: 'proved',
    })
  })
})
