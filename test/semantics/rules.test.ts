// What is wrong is told once, where it stands; what is right beside it is not.
import { describe, expect, test } from 'vitest'
import { check } from './check.ts'

/** Of one attention of dim 8 with these settings. */
const attention = (settings: string): readonly string[] => check(`attention a { dim: 8 ${settings} }`).found
const exact = (settings: string): readonly string[] => attention(`kernel: exp(dot(q, k)) ${settings}`)
const kernel = (text: string): readonly string[] => attention(`kernel: ${text}`)
const feature = (text: string): readonly string[] =>
  check(`feature f${text} attention a { dim: 8 feature: elu1 }`).found
const mask = (text: string): readonly string[] => exact(`mask: ${text}`)

describe('names', () => {
  test.each([
    [kernel('exp(dot(q, x))'), ['A0301 x']],
    [kernel('exp(dot(q, k)) + position'), ['A0302 position']],
    [kernel('exp(dot(q, k)) + length'), []],
    [kernel('exp(dot(q, k)) + projections'), ['A0302 projections']],
    [kernel('exp(dot(q, k)) + i + head / heads'), []],
    [kernel('exp'), ['A0313 exp']],
    [kernel('pi(dot(q, k))'), ['A0314 pi']],
    [kernel('elu1'), ['A0301 elu1']],
    [kernel('exp(dto(q, k))'), ['A0303 dto']],
    [feature('(x) = elu1(x) * 2'), ['A0314 elu1']],
    [feature('(x) = q + x'), ['A0302 q']],
    [feature('(x) = x * projections'), ['A0302 projections']],
    [feature('(x) = x * head'), ['A0302 head']],
    [feature('(x, w) = dot(x, w) * projections + position / length'), []],
    [mask('i < head'), []],
    [mask('i < dim + pi + length'), []],
    [mask('causal && i < 3'), []],
    [mask('causl && i < 3'), ['A0301 causl']],
    [attention('feature: favr projections: 8'), ['A0411 favr']],
    [attention('feature: elu1 kernal: dot(q, k)'), ['A0401 kernal']],
    [
      check('attention a { dims: 8 kernal: exp(dto(q, k)) }').found,
      ['A0401 dims', 'A0401 kernal', 'A0303 dto'],
    ],
    [exact('scale: 1 / dimm'), ['A0301 dimm']],
    [check('attention a { dim: dim feature: elu1 }').found, ['A0301 dim']],
    [exact('scale: head'), ['A0302 head']],
  ])('%#: %j', (found, expected) => {
    expect(found).toEqual(expected)
  })

  test('the nearest one is suggested', () => {
    const help = (text: string) => check(text).diagnostics[0]?.help
    expect(help('attention a { dim: 8 kernel: exp(dto(q, k)) }')).toContain('`dot`')
    expect(help('attention a { dim: 8 feature: favro projections: 8 }')).toContain('`favor`')
    expect(help('feature mine(x) = x attention a { dim: 8 feature: mien }')).toContain('`mine`')
    expect(help('attention a { dim: 8 feature: elu1 stabilise: none }')).toContain('`stabilize`')
    expect(help('attention a { dim: 8 feature: elu1 mask: casual }')).toContain('`causal`')
    expect(help('feature f(x) = x * lenght attention a { dim: 8 feature: f }')).toContain('`length`')
    for (const exponent of ['x', 'position'])
      expect(help(`feature f(x) = x^${exponent} attention a { dim: 8 feature: f }`)).toContain('log(base)')
    expect(help('attention a { dim: 8 kernel: elu1 }')).toContain('`feature: elu1`')
  })
})

describe('one mistake is told once', () => {
  test.each([
    [check('featur f(x) = x + 1 attention a { dim: 4 feature: f }').found, ['A0108 featur']],
    [
      check(
        'featur f(x, w) = x attention a { dim: 4 feature: f projections: 4 }  attention b { dim: 4 feature: g }',
      ).found,
      ['A0108 featur', 'A0411 g'],
    ],
    [feature('(x) = 2x'), ['A0102 2x']],
  ])('%#: %j', (found, expected) => {
    expect(found).toEqual(expected)
  })
})

describe('factors that f32 takes for 0', () => {
  const used = (declaration: string): readonly string[] =>
    check(`feature f(x) = ${declaration} attention a { dim: 8 feature: f } attention b { dim: 8 feature: f }`)
      .found
  test.each([
    [used('1e-60 * elu(x)'), ['A0316 1e-60 * elu(x)']],
    [used('1e-30 * x * 1e-20'), ['A0316 1e-30 * x * 1e-20']],
    [used('[x, 1e-39]'), ['A0316 1e-39']],
    [used('(x / 1e10)^4'), ['A0316 (x / 1e10)^4']],
    [used('1e-25 * x'), ['A0316 1e-25 * x']],
    [used('query 1e-30 * x key x'), []],
    [used('x + 1e-60'), []],
    [used('[x, 1e-25 * x]'), []],
    [used('0 * x'), []],
    [kernel('exp(dot(q, k)) * 1e-39'), ['A0316 exp(dot(q, k)) * 1e-39']],
    [kernel('exp(dot(q, k)) + 1e-39'), []],
  ])('%#: %j', (found, expected) => {
    expect(found).toEqual(expected)
  })
})

describe('types', () => {
  test.each([
    [kernel('dot(q, k) + q'), ['A0410 dot(q, k) + q']],
    [kernel('dot(q, 1) + k'), ['A0305 dot(q, 1)']],
    [kernel('dot(q, outer(q, k))'), ['A0305 dot(q, outer(q, k))']],
    [kernel('sum(q + outer(q, k))'), ['A0306 q + outer(q, k)']],
    [kernel('dot(q, k, k)'), ['A0305 dot(q, k, k)']],
    [kernel('max(dot(q, k))'), ['A0305 max(dot(q, k))']],
    [kernel('exp()'), ['A0305 exp()']],
    [kernel('dot(softmax(q), max(k, 0)) + maximum(q) * mean(k) - norm(q)^2'), []],
    [kernel('sum(outer(q, k) * outer(k, q))'), []],
    [kernel('2^dot(q, k)'), []],
    [kernel('dot(q, k)^dot(q, k)'), ['A0309 dot(q, k)']],
    [kernel('dot(q, k)^(1 + dim / 8)'), []],
    [kernel('dot(q^2, k^-1)'), []],
    [kernel('sum(2^q) + sum(k)'), ['A0306 2^q']],
    [kernel('dot(q, k) > 0'), ['A0307 dot(q, k) > 0']],
    [kernel('dot(q, k) % 2'), ['A0307 dot(q, k) % 2']],
    [kernel('!dot(q, k)'), ['A0307 !dot(q, k)']],
    [kernel('floor(dot(q, k))'), ['A0304 floor']],
    [feature('(x, w) = x'), ['A0211 x']],
    [feature('(x, w) = [dot(w, x), w]'), ['A0211 w']],
    [feature('(x) = query [x, 1] key [1, x]'), []],
    [feature('(x) = query [x, 1] key x'), ['A0209 [x, 1] key x']],
    [mask('i'), ['A0425 i']],
    [mask('i && j'), ['A0306 i && j']],
    [mask('!i < j'), ['A0306 !i']],
    [mask('i < j < 3'), ['A0308 i < j < 3']],
    [mask('(i < j) == (j < i)'), ['A0308 (i < j) == (j < i)']],
    [mask('exp(i) < 3'), ['A0304 exp']],
    [mask('random(i, j) < 0.5'), ['A0305 random(i, j)']],
    [mask('random(i, j, 1 / 2) < 0.5'), ['A0315 1 / 2']],
  ])('%#: %j', (found, expected) => {
    expect(found).toEqual(expected)
  })
})

describe('constants', () => {
  test.each([
    [kernel('dot(q, k) / (dim - 8)'), ['A0310 dot(q, k) / (dim - 8)']],
    [kernel('dot(q, k) * log(-1)'), ['A0310 log(-1)']],
    [kernel('dot(q, k) * exp(1e3)'), ['A0310 exp(1e3)']],
    [kernel('dot(q, k) * 1e39'), ['A0311 1e39']],
    [kernel('dot(q, k) * (1e39 / 1e38)'), []],
    [kernel('dot(q, k) * 1e999'), ['A0103 1e999']],
    [mask('i % 0 == 0'), ['A0310 i % 0']],
    [exact('scale: 0'), ['A0408 0']],
    [exact('scale: 1 - 1 / dim'), []],
    [exact('epsilon: -1'), ['A0408 -1']],
    [exact('value_dim: dim / 3'), ['A0407 dim / 3']],
    [check('attention a { dim: 4097 feature: elu1 }').found, ['A0407 4097']],
    [check('attention a { dim: -3 feature: elu1 scale: 0 }').found, ['A0407 -3', 'A0408 0']],
    [
      check('attention a { dim: 0 kernel: exp(dot(q, k)) / (dim - 5) scale: 1 / (dim - 1009) }').found,
      ['A0407 0'],
    ],
    [attention('feature: favor projections: 0'), ['A0407 0']],
    [attention('feature: favor projections: 8 seed -1'), ['A0416 seed -1']],
    [attention('feature: favor projections: 8 iid seed 2^60'), ['A0407 2^60']],
  ])('%#: %j', (found, expected) => {
    expect(found).toEqual(expected)
  })
})

describe('settings together', () => {
  const landmarks = (settings: string) => exact(`landmarks: 4 learned ${settings}`)
  const projected = (settings: string) => attention(`feature: favor projections: 8 ${settings}`)
  test.each([
    [attention(''), ['A0404 a']],
    [check('attention a { }').found, ['A0403 a', 'A0404 a']],
    [attention('feature: favor'), ['A0413 feature: favor']],
    [attention('feature: elu1 projections: 8'), ['A0414 projections: 8']],
    [exact('projections: 8'), ['A0415 projections: 8']],
    [attention('feature: elu1 landmarks: 4 learned kernel: exp(dot(q, k))'), ['A0419 landmarks: 4 learned']],
    [attention('landmarks: 4 learned'), ['A0420 landmarks: 4 learned']],
    [landmarks('mask: causal'), ['A0421 mask: causal']],
    [landmarks('mask: i < j'), ['A0421 mask: i < j']],
    [landmarks('mask: none normalize: sum epsilon: 0 stabilize: none'), []],
    [exact('pinv: 6 conv: 3'), ['A0422 pinv: 6', 'A0422 conv: 3']],
    [landmarks('conv: 4'), ['A0423 4']],
    [landmarks('normalize: none'), ['A0424 normalize: none']],
    [landmarks('decay: 0.5'), ['A0428 decay: 0.5', 'A0427 decay: 0.5']],
    [exact('compress: 4 learned epsilon: 0.1 normalize: none'), ['A0434 epsilon: 0.1']],
    [exact('compress: 4 learned mask: causal'), ['A0437 mask: causal']],
    [exact('compress: 4 learned mask: i < j'), ['A0437 mask: i < j']],
    [exact('compress: 4 learned landmarks: 4 learned'), ['A0436 compress: 4 learned']],
    [exact('compress: 0 learned'), ['A0407 0']],
    [exact('compress: 4 lerned'), ['A0435 lerned']],
    [attention('compress: 4 learned'), ['A0404 a']],
    [
      attention('feature: elu1 compress: 4 learned buckets: 4'),
      ['A0436 compress: 4 learned', 'A0436 buckets: 4'],
    ],
    [exact('buckets: 4 rounds 0 chunk 0 seed 0.5'), ['A0407 0', 'A0407 0', 'A0407 0.5']],
    [exact('buckets: 4 chunk 8 rounds 2'), ['A0438 rounds 2']],
    [exact('buckets: 7 seed'), ['A0439 7', 'A0438 seed']],
    [exact('buckets: 4 normalize: none'), ['A0440 normalize: none']],
    [exact('buckets: 4 mask: causal'), ['A0441 mask: causal']],
    [exact('buckets: 4 mask: i - j < 8 epsilon: 1e-6'), []],
    [projected('mask: i < j'), ['A0426 mask: i < j']],
    [projected('decay: 0.5'), ['A0427 decay: 0.5']],
    [exact('mask: causal decay: 0.5'), []],
    [projected('mask: causal decay: 1 + head'), ['A0429 1 + head']],
    [projected('mask: causal decay: 0'), []],
    [projected('mask: causal decay: -0.5'), ['A0429 -0.5']],
    [projected('mask: causal decay: 1 - head / 64'), []],
    [projected('mask: causal decay: 1 - head / 62'), ['A0429 1 - head / 62']],
    [exact('stabilize: max 0'), ['A0431 stabilize: max 0']],
    [attention('feature: elu1 stabilize: max 0'), ['A0431 stabilize: max 0']],
    [projected('stabilize: max 1e-4'), []],
    [projected('stabilize: max 1e-4 mask: causal'), ['A0433 stabilize: max 1e-4']],
    [projected('stabilize: max'), ['A0430 max']],
    [projected('stabilize: max -1'), ['A0430 max -1']],
    [projected('normalize: none epsilon: 1'), ['A0434 epsilon: 1']],
    [kernel('exp(dot(k, k))'), ['A0432 exp(dot(k, k))']],
    [check('attention a { dim: 1 feature: favor projections: 8 simplex }').found, ['A0417 simplex']],
    [check('attention a { dim: 2 feature: favor projections: 8 simplex }').found, []],
    [check('attention a { dim: 1024 feature: taylor2 }').found, ['A0212 taylor2']],
    [check('attention a { dim: 1023 feature: taylor2 }').found, []],
    [check('attention a { dim: 2000 feature: taylor2 }').found, ['A0312 taylor2']],
  ])('%#: %j', (found, expected) => {
    expect(found).toEqual(expected)
  })
})

test('a mistake in a feature is told once, however many attentions use it', () => {
  const uses = 'attention a { dim: 8 feature: f } attention b { dim: 4 feature: f }'
  expect(check(`feature f(x) = x + foo(x) ${uses}`).found).toEqual(['A0303 foo'])
  expect(check(`feature f(x) = x / (dim - dim) ${uses}`).found).toEqual(['A0310 x / (dim - dim)'])
  expect(check(`feature f(x) = x / (dim - 4) ${uses}`)).toMatchObject({
    found: ['A0310 x / (dim - 4)'],
    models: [{ name: 'a' }],
  })
})

test('features are checked although no attention uses them', () => {
  expect(feature('(x) = exp(x, x)')).toEqual(['A0305 exp(x, x)'])
  expect(feature('(x) = x + outer(x, x)')).toEqual(['A0306 x + outer(x, x)'])
  expect(feature('(x) = sqrt(dim - 2000) * x / (dim - 1009)')).toEqual([])
})

test('sizes that are not known are told as what they are', () => {
  const complaint = check('feature f(x) = x + outer(x, x)').diagnostics.find(({ code }) => code === 'A0306')
  expect(complaint?.message).toContain('sizes dim and dim^2')
})

describe('a syntax error brings no other complaint about what it hides', () => {
  test.each([
    ['attention a { dim: ) feature: elu1 }', ['A0108 )']],
    ['attention a { dim: 8 feature: f } feature f(x = x', ['A0108 =']],
    ['attention a { dim: 8 feature: ) projections: 8 }', ['A0108 )']],
    ['attention a { dim: 8 kernel: exp( mask: causal }', ['A0108 mask']],
    ['attention a { dim: 8 feature: favor projections: ( }', ['A0108 }']],
    ['attention a { dim: 8 feature: identity mask: ) decay: 0.5 }', ['A0108 )']],
    ['attention a { feature elu1 colour 3 }', ['A0108 elu1']],
    ['(', ['A0108 (']],
  ])('%s', (text, expected) => {
    expect(check(text).found).toEqual(expected)
  })
})

test('a syntax error hides no other mistake elsewhere', () => {
  expect(check('attention a { dim: 8 kernel: foo(q, k) mask: ) scale: -1 } feature f(x) = y').found).toEqual([
    'A0303 foo',
    'A0108 )',
    'A0408 -1',
    'A0301 y',
  ])
})

test('only what is sound becomes a model', () => {
  const { models } = check(`attention a { dim: 8 feature: elu1 } attention b { dim: 8 feature: elu2 }
    attention c { dim: 8 feature: elu1 colour: 1 } attention d { dim: 8 kernel: exp(dot(q, q)) }`)
  expect(models.map(({ name }) => name)).toEqual(['a', 'd'])
})
