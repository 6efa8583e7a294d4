// What a right file means.
import { describe, expect, test } from 'vitest'
import { evaluateScalar, environmentOf } from '../../compiler/symbolic/evaluate.ts'
import { print as printExpression } from '../../compiler/symbolic/print.ts'
import { check, model } from './check.ts'

describe('defaults', () => {
  test('of an exact attention', () => {
    const { span: _span, kernel, ...rest } = model('attention a { dim: 8 kernel: exp(dot(q, k)) }')
    expect(kernel && printExpression(kernel)).toBe('exp(dot(q, k))')
    expect(rest).toEqual({
      name: 'a',
      evaluation: 'exact',
      dim: 8,
      valueDim: 8,
      scale: 1,
      mask: { kind: 'none' },
      normalize: 'sum',
      epsilon: 0,
      stabilize: { kind: 'auto' },
    })
  })

  test('of projections and landmarks', () => {
    expect(model('attention a { dim: 8 feature: favor projections: 4 }').projections).toEqual({
      count: 4,
      coupling: 'iid',
      fixedNorm: false,
      seed: 0,
    })
    const pooled = model('attention a { dim: 8 kernel: exp(dot(q, k)) compress: 2 * dim learned }')
    expect(pooled.compress).toEqual({ count: 16, source: 'learned' })
    const hashed = (value: string) =>
      model(`attention a { dim: 8 kernel: exp(dot(q, k)) buckets: ${value} }`).buckets
    expect(hashed('4')).toEqual({ count: 4, rounds: 2, chunk: 64, seed: 0 })
    expect(hashed('dim rounds 1 seed 7')).toEqual({ count: 8, rounds: 1, chunk: 64, seed: 7 })
    expect(hashed('4 rounds 3 chunk 2^5 seed 1')).toEqual({ count: 4, rounds: 3, chunk: 32, seed: 1 })
    const nystrom = 'attention a { dim: 8 kernel: exp(dot(q, k)) landmarks: 4 learned'
    expect(model(`${nystrom} }`).landmarks).toEqual({ count: 4, source: 'learned', pinv: 6 })
    expect(model(`${nystrom} pinv: 9 conv: 5 }`).landmarks).toEqual({
      count: 4,
      source: 'learned',
      pinv: 9,
      conv: 5,
    })
  })
})

test('every value of every setting', () => {
  const all = (text: string) => model(`attention a { dim: 16 feature: favor ${text} }`)
  const projections = (text: string) => all(`projections: ${text}`).projections
  expect(projections('256 orthogonal seed 42')).toEqual({
    count: 256,
    coupling: 'orthogonal',
    fixedNorm: false,
    seed: 42,
  })
  expect(projections('2 * dim hadamard fixed_norm')).toEqual({
    count: 32,
    coupling: 'hadamard',
    fixedNorm: true,
    seed: 0,
  })
  expect(projections('7 simplex fixed_norm seed 2^40')).toEqual({
    count: 7,
    coupling: 'simplex',
    fixedNorm: true,
    seed: 2 ** 40,
  })
  expect(projections('7 fixed_norm')).toEqual({ count: 7, coupling: 'iid', fixedNorm: true, seed: 0 })
  expect(projections('7 seed 1')).toEqual({ count: 7, coupling: 'iid', fixedNorm: false, seed: 1 })
  const base = 'projections: 8'
  expect(all(`${base} value_dim: dim / 2`).valueDim).toBe(8)
  expect(all(`${base} scale: 1 / sqrt(dim)`).scale).toBe(0.25)
  expect(all(`${base} scale: 1 / projections`).scale).toBe(0.125)
  expect(all(`${base} normalize: none`).normalize).toBe('none')
  expect(all(`${base} epsilon: 1e-6`).epsilon).toBe(1e-6)
  expect(all(`${base} stabilize: none`).stabilize).toEqual({ kind: 'none' })
  expect(all(`${base} stabilize: auto`).stabilize).toEqual({ kind: 'auto' })
  expect(all(`${base} stabilize: max 1e-4`).stabilize).toEqual({ kind: 'max', offset: 1e-4 })
  expect(all(`${base} mask: causal`).mask).toEqual({ kind: 'causal' })
  expect(all(`${base} mask: none`).mask).toEqual({ kind: 'none' })
})

test('how an attention is evaluated follows from what it declares', () => {
  const evaluation = (text: string) => model(`attention a { dim: 8 ${text} }`).evaluation
  expect(evaluation('kernel: exp(dot(q, k))')).toBe('exact')
  expect(evaluation('feature: elu1')).toBe('factorised')
  expect(evaluation('feature: favor projections: 8 kernel: exp(dot(q, k))')).toBe('factorised')
  expect(evaluation('kernel: exp(dot(q, k)) landmarks: 4 segment_means')).toBe('landmarks')
  expect(evaluation('kernel: exp(dot(q, k)) compress: 4 learned')).toBe('compressed')
  expect(evaluation('kernel: exp(dot(q, k)) buckets: 4')).toBe('bucketed')
})

describe('features', () => {
  const feature = (declaration: string, settings = '') =>
    model(`feature f${declaration} attention a { dim: 16 feature: f ${settings} }`).feature!

  test.each([
    ['(x) = elu(x) + 1', '', 16],
    ['(x) = [1, x, outer(x, x) / sqrt(2)]', '', 1 + 16 + 256],
    ['(x) = sum(x)', '', 1],
    ['(x) = softmax(outer(x, outer(x, x)))', '', 4096],
    ['(x, w) = exp(dot(w, x))', 'projections: 5', 5],
    ['(x, w) = [exp(dot(w, x)), 1, norm(w)]', 'projections: 5', 15],
    ['(x, w) = query [dot(x, w), 1] key [1, dot(x, w)]', 'projections: 5', 10],
    ['(x) = query [x, 1] key [1, -x]', '', 17],
  ])('%s has its number of features', (declaration, settings, features) => {
    expect(feature(declaration, settings).features).toBe(features)
  })

  test('the row is x and the projection row w, whatever a file calls them', () => {
    const { query, key } = feature(
      '(row, omega) = query dot(omega, row) key maximum(row) * position / length',
      'projections: 2',
    )
    expect(query.map(printExpression)).toEqual(['dot(w, x)'])
    expect(key.map(printExpression)).toEqual(['maximum(x) * position / length'])
  })

  test('constants are numbers in the sizes of the attention that uses it', () => {
    const { models } = check(`feature f(x, w) = dot(w, x) / sqrt(dim) + projections * pi
      attention a { dim: 4 feature: f projections: 2 } attention b { dim: 16 feature: f projections: 3 }`)
    expect(models.map(({ feature }) => printExpression(feature!.query[0]!))).toEqual([
      `dot(w, x) / 2 + ${2 * Math.PI}`,
      `dot(w, x) / 4 + ${3 * Math.PI}`,
    ])
  })

  test('a file may shadow the prelude, which shows through elsewhere', () => {
    const { models } = check(`attention a { dim: 4 feature: elu1 } feature elu1(x) = 2 * x
      attention b { dim: 4 feature: relu1 }`)
    expect(models.map(({ feature }) => feature!.query.map(printExpression))).toEqual([
      ['2 * x'],
      ['relu(x) + 0.001'],
    ])
  })
})

test('a mask is a condition on the indices of a pair', () => {
  const { mask } = model(`attention a { dim: 8 kernel: exp(dot(q, k))
    mask: i >= j && i - j < 3 || j % 4 == 0 && random(i, j, 7) < 2 && !(floor(i / 2) != abs(min(i, j)) || max(i, 1) <= length - dim) }`)
  if (mask.kind !== 'condition') throw new Error('expected a condition')
  const at = (i: number, j: number): number =>
    evaluateScalar(mask.condition, environmentOf({ i, j, length: 100 }))
  expect([at(5, 3), at(5, 2), at(3, 5), at(0, 0), at(2, 0)]).toEqual([1, 0, 0, 1, 1])
})

test('a decay is a number for each head', () => {
  const { decay } = model('attention a { dim: 8 feature: identity mask: causal decay: 1 - 2^(-5 - head) }')
  for (const head of [0, 1, 7, 63])
    expect(evaluateScalar(decay!, environmentOf({ head }))).toBeCloseTo(1 - 2 ** (-5 - head), 14)
  expect(model('attention a { dim: 8 feature: identity mask: causal decay: 3 / 3 }').decay).toBeUndefined()
})

test('a constant index beyond a table is that of its end, and one beyond a row is an error', () => {
  const written = (entry: string) => {
    const { kernel } = model(`attention a { dim: 8 weights: t vector(4) kernel: exp(dot(q, k) + ${entry}) }`)
    return kernel && printExpression(kernel)
  }
  expect(written('t[200]')).toBe(written('t[3]'))
  expect(written('t[-1]')).toBe(written('t[0]'))
  expect(check('attention a { dim: 8 kernel: exp(dot(q, k) + q[8]) }').diagnostics).toHaveLength(1)
})

test('a weight that is of queries and of no head is one for all heads', () => {
  expect(
    model('attention a { dim: 8 weights: t query shared scalar kernel: exp(dot(q, k) + t) }').weights,
  ).toEqual(model('attention a { dim: 8 weights: t shared scalar kernel: exp(dot(q, k) + t) }').weights)
})
