import { describe, expect, test } from 'vitest'
import { identity } from '../../compiler/algebra/action.ts'
import type { FactorisedScore } from '../../compiler/algebra/attention.ts'
import { fromModel } from '../../compiler/algebra/build.ts'
import { featuresOf } from '../../compiler/algebra/facts.ts'
import { print as printAttention } from '../../compiler/algebra/print.ts'
import { verify } from '../../compiler/algebra/verify.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import {
  add,
  apply,
  constant,
  divide,
  dot,
  exp,
  multiply,
  negate,
  power,
  row,
  subtract,
  variable,
} from '../../compiler/symbolic/build.ts'
import { print } from '../../compiler/symbolic/print.ts'
import { count, exact, features, projected, unprojected, w, x } from './models.ts'

function factors(model: AttentionModel): FactorisedScore {
  const score = featuresOf(fromModel(model))
  if (score === undefined) throw new Error('expected a factorised attention')
  return score
}

describe('signs and parities of blocks', () => {
  test.each<[keyof typeof features, string]>([
    ['favor', 'positive none'],
    ['hyperbolic', 'positive none, positive none'],
    ['trigonometric', 'unknown even, unknown odd'],
    ['fourier', 'unknown even, unknown odd'],
    ['relu', 'positive none'],
    ['oprf', 'positive none'],
    ['favorPlusConstant', 'positive none'],
    ['elu1', 'positive none'],
    ['identity', 'unknown odd'],
    ['taylor2', 'positive even, unknown odd, unknown even'],
    ['cosformer', 'nonnegative none, nonnegative none'],
    ['cosh', 'positive even, unknown odd'],
    ['exponentialOfRow', 'positive none'],
    ['softmax', 'positive none'],
    ['quartic', 'nonnegative even'],
    ['gaussian', 'positive even'],
    ['logistic', 'positive none, positive none'],
  ])('%s: %s', (name, expected) => {
    expect(
      factors(features[name])
        .query.map(({ sign, parity }) => `${sign} ${parity}`)
        .join(', '),
    ).toBe(expected)
  })
})

describe('the part of the exponent that sees the projection', () => {
  const u = dot(w, x)
  const squares = dot(x, x)
  const dotText = 'sum(t < 4) w[t] * x[t]'

  test.each<[string | undefined, ReturnType<typeof exp>]>([
    [dotText, exp(subtract(u, divide(squares, constant(2))))],
    [dotText, exp(divide(subtract(multiply(constant(2), u), squares), constant(2)))],
    [
      `1.5 * ${dotText} - 0.25 * sum(t < 4) w[t]^2`,
      exp(subtract(multiply(constant(1.5), u), add(divide(dot(w, w), constant(4)), squares))),
    ],
    [dotText, exp(apply('sum', subtract(multiply(w, x), x)))],
    [undefined, exp(negate(squares))],
  ])('%s', (text, feature) => {
    const [block] = factors(projected([feature])).query
    expect(block?.projectedExponent && print(block.projectedExponent)).toBe(text)
  })
})

describe('what is built', () => {
  test('projected features carry 1/√m', () => {
    const [block] = factors(features.fourier).query
    expect(print(block!.value)).toBe(`${1 / Math.sqrt(count)} * cos(sum(t < 4) w[t] * x[t])`)
  })

  test('a block of one entry has no component', () => {
    const [block] = factors(unprojected([row('x', 1)])).query
    expect(block).toMatchObject({ size: 1 })
    expect(print(block!.value)).toBe('x[0]')
  })

  test('query and key are built once where they are one', () => {
    const shared = factors(features.favor)
    expect(shared.query).toBe(shared.key)
    const base = features.favor
    const apart = factors({ ...base, feature: { ...base.feature!, key: [exp(dot(w, x))] } })
    expect(print(apart.key[0]!.value)).toBe('0.25 * exp(sum(t < 4) w[t] * x[t])')
  })

  test('a kernel beside a feature is what the feature claims', () => {
    const { claims } = factors(projected([exp(dot(w, x))], { kernel: exp(dot(row('q', 4), row('k', 4))) }))
    expect(print(claims!.exponent!)).toBe('sum(t < 4) k[t] * q[t]')
  })

  test('an exact kernel', () => {
    const { steps } = fromModel(exact(power(dot(row('q', 4), row('k', 4)), 2)))
    expect(steps).toMatchObject([{ kind: 'attend', kernel: { sign: 'nonnegative' } }])
  })

  test.each(Object.entries(features))('%s keeps the invariants', (_, model) => {
    expect(() => verify(fromModel(model))).not.toThrow()
  })
})

test('what cancels down to its rounding is no false split', () => {
  const s = dot(row('q', 4), row('k', 4))
  const large = multiply(constant(1e8), s)
  const whole = subtract(
    power(add(large, constant(1)), 2),
    add(power(large, 2), multiply(constant(2), large)),
  )
  expect(() => verify(fromModel(exact(add(exp(s), whole))))).not.toThrow()
})

describe('verification', () => {
  const attention = fromModel(features.favor)
  const score = factors(features.favor)
  const [block] = score.query
  const carried = { kind: 'carry', name: 'read', result: 'out', action: identity } as const

  test.each<[string, Partial<FactorisedScore>]>([
    ['blocks add up', { features: 3 }],
    ['a false split', { query: [{ ...block!, exponent: constant(1) }], key: [block!] }],
    ['a stranger', { query: [{ ...block!, coefficient: variable('head') }], key: [block!] }],
    ['unequal counts', { query: [block!, block!] }],
    ['a row that is not taken apart', { query: [{ ...block!, coefficient: dot(x, x) }], key: [block!] }],
    [
      'a false sign',
      {
        query: [{ ...block!, value: constant(-1), coefficient: constant(-1), exponent: constant(0) }],
        key: [block!],
      },
    ],
  ])('%s', (_, change) => {
    expect(() => verify({ ...attention, steps: [{ ...carried, score: { ...score, ...change } }] })).toThrow(
      'attnc is wrong about itself',
    )
  })

  test('an action of more than the head', () => {
    const action = { kind: 'powers', base: variable('i') } as const
    expect(() => verify({ ...attention, steps: [{ ...carried, score, action }] })).toThrow(
      'attnc is wrong about itself',
    )
  })
})

describe('printing', () => {
  test('a factorised attention', () => {
    expect(printAttention(fromModel(features.favor))).toBe(`attention sample
  rows        q, k of 4, v of 4; q and k times 0.5
  weights     φq(q_i) · φk(k_j), 16 features
  mask        keys j <= i
  normalize   by the sum of the weights
  stabilize   carried log-scale
  projections 16 rows w, orthogonal, seed 1
  φq = φk, block 0 of 16
    value       0.25 * exp(sum(t < 4) w[t] * x[t] - 0.5 * sum(t < 4) x[t]^2)
    coefficient 0.25
    exponent    sum(t < 4) w[t] * x[t] - 0.5 * sum(t < 4) x[t]^2
    sign        positive
    of which w  sum(t < 4) w[t] * x[t]
    parity in x none
  state       S [16, 4], z [16], log-scale [16]; combined by rescaling to the larger scale
`)
  })

  test('an exact attention', () => {
    expect(printAttention(fromModel(exact(exp(dot(row('q', 4), row('k', 4))))))).toBe(`attention sample
  rows        q, k of 4, v of 4; q and k times 0.5
  weights     κ(q_i, k_j)
  mask        keys j <= i
  normalize   by the sum of the weights
  stabilize   carried log-scale
  kernel
    value       exp(sum(t < 4) k[t] * q[t])
    coefficient 1
    exponent    sum(t < 4) k[t] * q[t]
    sign        positive
`)
  })
})
