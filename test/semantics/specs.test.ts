// The prelude and the specs of the repository: right, and meaning what their papers say.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { InvariantError } from '../../compiler/diagnostics/invariant.ts'
import { preludeSource } from '../../compiler/prelude.ts'
import { analyze } from '../../compiler/semantics/analyze.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import { printAttention } from '../../compiler/semantics/print.ts'
import { verify } from '../../compiler/semantics/verify.ts'
import { parse } from '../../compiler/syntax/parse.ts'
import { environmentOf, evaluate } from '../../compiler/symbolic/evaluate.ts'
import { check, model } from './check.ts'

const folder = new URL('../../specs/', import.meta.url)

describe.each(readdirSync(folder))('%s', (file) => {
  const text = readFileSync(new URL(file, folder), 'utf8')

  test('has no diagnostics, and one attention with the name of the file', () => {
    const { diagnostics, models } = check(text)
    expect(diagnostics).toEqual([])
    expect(models.map(({ name }) => `${name}.attn`)).toEqual([file])
  })

  test('is worth reading', () => {
    expect(text).toMatch(/^# \S[\s\S]*Notice/)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  })
})

describe('the prelude', () => {
  const { file, diagnostics } = parse({ file: 'prelude.attn', text: preludeSource })

  test('is right without any other', () => {
    expect(diagnostics).toEqual([])
    const alone = analyze(file, { ...file, declarations: [] })
    expect(alone.diagnostics.map(({ code }) => code)).toEqual(['A0204'])
  })

  test('has the functions and features of the language', () => {
    expect(file.declarations.map(({ name }) => name.text)).toEqual([
      'unit',
      'rms',
      'layer',
      'favor',
      'favor_hyperbolic',
      'favor_trigonometric',
      'gaussian_fourier',
      'relu_features',
      'elu1',
      'relu1',
      'identity',
      'taylor2',
      'cosformer',
    ])
  })

  // By hand, for x = (0.5, −1) and w = (2, 0.25): w·x = 0.75, x·x = 1.25.
  const half = Math.exp(0.75 - 0.625)
  const position = (Math.PI * 3) / 20
  test.each<[string, string, number[]]>([
    ['favor', 'projections: 1', [half]],
    ['favor_hyperbolic', 'projections: 1', [half / Math.SQRT2, Math.exp(-0.75 - 0.625) / Math.SQRT2]],
    [
      'favor_trigonometric',
      'projections: 1',
      [Math.exp(0.625) * Math.cos(0.75), Math.exp(0.625) * Math.sin(0.75)],
    ],
    ['gaussian_fourier', 'projections: 1', [Math.cos(0.75), Math.sin(0.75)]],
    ['relu_features', 'projections: 1', [0.751]],
    ['elu1', '', [1.5, Math.exp(-1)]],
    ['relu1', '', [0.501, 0.001]],
    ['identity', '', [0.5, -1]],
    ['taylor2', '', [1, 0.5, -1, 0.25 / Math.SQRT2, -0.5 / Math.SQRT2, -0.5 / Math.SQRT2, 1 / Math.SQRT2]],
    ['cosformer', '', [0.5 * Math.cos(position), 0, 0.5 * Math.sin(position), 0]],
  ])('%s has the values of its formula', (name, settings, expected) => {
    const { feature } = model(`attention a { dim: 2 feature: ${name} ${settings} }`)
    const environment = environmentOf({
      x: Float64Array.of(0.5, -1),
      w: Float64Array.of(2, 0.25),
      position: 3,
      length: 10,
    })
    const values = feature!.query.flatMap((block) => {
      const value = evaluate(block, environment)
      return typeof value === 'number' ? [value] : [...value]
    })
    expect(values).toHaveLength(expected.length)
    values.forEach((value, index) => {
      expect(value).toBeCloseTo(expected[index]!, 14)
    })
  })
})

test('a checked attention as text', () => {
  const text = `feature f(row, w) = query [exp(dot(w, row)), pi * 0] key [dot(w, row)^2, position / length]
attention a {
  dim: 4 value_dim: 3 scale: 1 / sqrt(dim) feature: f projections: 8 simplex fixed_norm seed 3
  kernel: exp(dot(q, k)) mask: causal decay: 1 - 2^(-5 - head) epsilon: 1e-6 stabilize: none
}
attention b { dim: 2 kernel: exp(dot(q, k)) landmarks: 3 learned conv: 5 }
attention c { dim: 2 kernel: exp(-norm(q - k)) mask: i >= j && i - j < 4 normalize: none }
attention d { dim: 2 kernel: exp(dot(q, k)) compress: 3 learned }
attention e { dim: 2 kernel: exp(dot(q, k)) buckets: 6 chunk 8 }`
  expect(check(text).models.map(printAttention)).toEqual([
    `attention a, factorised
  dim          4
  value_dim    3
  scale        0.5
  kernel       exp(dot(q, k))
  feature      f, projected, 16 features
    φ(q)       [exp(dot(w, x)), 0]
    φ(k)       [dot(w, x)^2, position / length]
  projections  8 simplex fixed_norm seed 3
  mask         causal
  decay        1 - exp(0.6931471805599453 * (-5 - head))
  normalize    sum
  epsilon      0.000001
  stabilize    none
`,
    `attention b, landmarks
  dim        2
  value_dim  2
  scale      1
  kernel     exp(dot(q, k))
  landmarks  3 learned
  pinv       6
  conv       5
  mask       none
  normalize  sum
  epsilon    0
  stabilize  auto
`,
    `attention c, exact
  dim        2
  value_dim  2
  scale      1
  kernel     exp(-norm(q - k))
  mask       i >= j && i - j < 4
  normalize  none
  epsilon    0
  stabilize  auto
`,
    `attention d, compressed
  dim        2
  value_dim  2
  scale      1
  kernel     exp(dot(q, k))
  compress   3 learned
  mask       none
  normalize  sum
  epsilon    0
  stabilize  auto
`,
    `attention e, bucketed
  dim        2
  value_dim  2
  scale      1
  kernel     exp(dot(q, k))
  buckets    6 rounds 2 chunk 8 seed 0
  mask       none
  normalize  sum
  epsilon    0
  stabilize  auto
`,
  ])
})

describe('what no rule lets through is the compiler’s own defect', () => {
  const exact = model('attention a { dim: 4 kernel: exp(dot(q, k)) }')
  const causal = model('attention a { dim: 4 feature: favor projections: 2 mask: causal decay: 0.5 }')
  test('a model that was checked verifies', () => {
    expect(() => {
      verify({ attentions: [exact, causal] })
    }).not.toThrow()
  })

  test.each<AttentionModel>([
    { ...exact, dim: 0 },
    { ...exact, valueDim: 1.5 },
    { ...exact, scale: Infinity },
    { ...exact, epsilon: -1 },
    { ...exact, evaluation: 'factorised' },
    { ...exact, kernel: causal.feature!.query[0]! },
    { ...exact, decay: causal.decay! },
    { ...causal, mask: { kind: 'none' } },
    { ...causal, feature: { ...causal.feature!, features: 3 } },
    { ...causal, feature: { ...causal.feature!, key: [] } },
    { ...causal, feature: { ...causal.feature!, projected: false } },
    { ...causal, projections: { ...causal.projections!, count: 0 } },
    { ...exact, evaluation: 'landmarks', landmarks: { count: 2, source: 'learned', pinv: 6, conv: 4 } },
    { ...exact, evaluation: 'compressed', compress: { count: 0, source: 'learned' } },
    { ...exact, evaluation: 'bucketed', buckets: { count: 3, rounds: 1, chunk: 8, seed: 0 } },
    {
      ...exact,
      evaluation: 'compressed',
      compress: { count: 2, source: 'learned' },
      buckets: { count: 4, rounds: 1, chunk: 8, seed: 0 },
    },
  ])('and one that was tampered with does not: %#', (attention) => {
    expect(() => {
      verify({ attentions: [attention] })
    }).toThrow(InvariantError)
  })
})
