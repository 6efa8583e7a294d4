// Closed forms of random features against Gauss–Hermite quadrature of the features themselves.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { integrandOf } from '../../compiler/algebra/expectation/integrand.ts'
import { mean } from '../../compiler/algebra/expectation/law.ts'
import { evaluate } from '../../compiler/algebra/expectation/ring/evaluate.ts'
import { OutOfReach, type Value } from '../../compiler/algebra/expectation/ring/value.ts'
import { proveClaim } from '../../compiler/algebra/expectation/index.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import { modelOf } from '../reference/spec.ts'
import { featureProduct, gaussHermite, quadrature } from './sampling.ts'

const number = fc.integer({ min: -12, max: 12 }).map((n) => n / 10)
const small = fc.integer({ min: 1, max: 9 }).map((n) => n / 10)

const scalarOfRow = fc.constantFrom(
  'dot(x, x)',
  'sum(x)',
  'norm(x)',
  'sum(x^2 * x)',
  '1',
  'position / length',
)

const linear = fc
  .tuple(number, number, fc.constantFrom('dot(w, x)', 'sum(w)', 'dot(w, x * x)', 'sum(w * (x - 1))'))
  .map(([a, b, form]) => `(${a} * ${form} + ${b} * dot(w, x))`)

const quadratic = fc.constantFrom(
  '0',
  '-dot(w, w) / 4',
  '0.05 * dot(w, w)',
  '-sum(w^2 * x^2)',
  '-dot(w, x)^2 / 3',
  '-sum(w)^2 / 8',
  '-sum((w - x)^2) / 6',
)

const exponential = fc
  .tuple(linear, quadratic, small, scalarOfRow)
  .map(([form, square, c, own]) => `exp(${form} + ${square} - ${c} * ${own})`)

const wave = fc
  .tuple(fc.constantFrom('sin', 'cos'), linear, number)
  .map(([name, form, phase]) => `${name}(${form} + ${phase})`)

const hyperbolic = fc
  .tuple(fc.constantFrom('sinh', 'cosh'), linear)
  .map(([name, form]) => `${name}(${form} / 2)`)

const polynomial = fc
  .tuple(
    linear,
    fc.integer({ min: 1, max: 3 }),
    fc.constantFrom('dot(w, w)', 'sum(w^3 * x)', 'dot(w * w, x)', '1'),
  )
  .map(([form, degree, other]) => `(${form}^${degree} + ${other})`)

const factor = fc.oneof(exponential, wave, hyperbolic, polynomial, scalarOfRow)

const block = fc
  .tuple(number, fc.array(factor, { minLength: 1, maxLength: 2 }), factor)
  .map(([c, product, other]) => `${c} * ${product.join(' * ')} + ${other} / 2`)

/** Of fewer factors: a verdict expands the closed form and reads it back. */
const plainBlock = fc.tuple(number, factor, factor).map(([c, one, other]) => `${c} * ${one} + ${other} / 2`)

const row = (dim: number): fc.Arbitrary<number[]> =>
  fc.array(
    fc.integer({ min: -9, max: 9 }).map((n) => n / 10),
    { minLength: dim, maxLength: dim },
  )

function modelFor(query: string, key: string, dim: number, kernel = 'dot(q, k)'): AttentionModel {
  return modelOf(`feature f(x, w) = query ${query} key ${key}
attention a { dim: ${dim} kernel: ${kernel} feature: f projections: 4 }`)
}

/** Undefined where the expansion is too large to be written. */
function closedForm({ feature, dim }: AttentionModel): Value | undefined {
  try {
    return mean(integrandOf(feature!, 'written'), 'normal', dim).value
  } catch (problem) {
    if (problem instanceof OutOfReach && problem.message.includes('expansion')) return undefined
    throw problem
  }
}

const positions = { i: 3, j: 1, length: 8 }

test('the quadrature has the moments of a normal number', () => {
  const { nodes, weights } = gaussHermite(48)
  expect(nodes).toHaveLength(48)
  for (const [power, moment] of [
    [0, 1],
    [1, 0],
    [2, 1],
    [4, 3],
    [8, 105],
    [12, 10395],
  ] as const)
    expect(nodes.reduce((sum, x, n) => sum + weights[n]! * x ** power, 0) / Math.max(1, moment)).toBeCloseTo(
      moment === 0 ? 0 : 1,
      9,
    )
})

describe('the closed form is the integral', () => {
  test.each([1, 2] as const)('in dimension %i', (dim) => {
    let closed = 0
    fc.assert(
      fc.property(block, block, row(dim), row(dim), (query, key, q, k) => {
        const model = modelFor(query, key, dim)
        const value = closedForm(model)
        fc.pre(value !== undefined)
        const { re, im } = evaluate(value, { rows: { q, k }, scalars: positions })
        const product = (w: Float64Array): number => featureProduct(model, { q, k, positions }, w)
        const coarse = quadrature(dim, product, 32).mean
        const { mean: fine, size } = quadrature(dim, product, 44)
        // Only what the quadrature itself has settled is evidence.
        fc.pre(Math.abs(coarse - fine) <= 1e-7 * size)
        closed++
        expect(Math.abs(im)).toBeLessThanOrEqual(1e-7 * size + 1e-12)
        expect(Math.abs(re - fine)).toBeLessThanOrEqual(1e-6 * size + 1e-12)
      }),
      { seed: 20240607, numRuns: dim === 1 ? 60 : 30 },
    )
    expect(closed).toBeGreaterThan(dim === 1 ? 50 : 20)
  })
})

describe('verdicts on random features', () => {
  test('the closed form, given as the kernel, is never refuted, and one percent more of it always is', () => {
    const { proved, all } = { proved: { count: 0 }, all: { count: 0 } }
    fc.assert(
      fc.property(plainBlock, plainBlock, (query, key) => {
        const model = modelFor(query, key, 3)
        const first = proveClaim(model)
        fc.pre(first.status === 'refuted' && first.estimatesExpression !== undefined)
        const { estimatesExpression } = first as {
          estimatesExpression: NonNullable<AttentionModel['kernel']>
        }
        fc.pre(!/\b(i|j|length)\b/.test(first.estimates))
        fc.pre(first.estimates !== '0')
        all.count++
        const right = proveClaim({ ...model, kernel: estimatesExpression })
        expect(right.status).not.toBe('refuted')
        if (right.status === 'proved') proved.count++
        const percent = modelFor(query, key, 3, `1.01 * exp(0 * sum(q))`).kernel!
        const wrong = proveClaim({
          ...model,
          kernel: {
            kind: 'apply',
            type: percent.type,
            operator: 'multiply',
            args: [percent, estimatesExpression],
          },
        })
        expect(wrong.status).toBe('refuted')
      }),
      { seed: 4711, numRuns: 25 },
    )
    expect(proved.count).toBe(all.count)
  })

  const elementwise = fc.letrec<{ body: string }>((tie) => ({
    body: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      fc.constantFrom('x', 'x', 'dot(x, x)', 'norm(x)', 'maximum(x)', '0.7', 'softmax(x)', 'position'),
      fc
        .tuple(
          fc.constantFrom(
            'exp',
            'abs',
            'sin',
            'cos',
            'tanh',
            'sinh',
            'relu',
            'elu',
            'gelu',
            'sigmoid',
            'silu',
            'softplus',
          ),
          tie('body'),
        )
        .map(([name, inner]) => `${name}((${inner}) / 3)`),
      fc
        .tuple(fc.constantFrom('+', '-', '*'), tie('body'), tie('body'))
        .map(([sign, a, b]) => `(${a} ${sign} ${b})`),
      fc
        .tuple(fc.constantFrom('min', 'max'), tie('body'), tie('body'))
        .map(([name, a, b]) => `${name}(${a}, ${b})`),
      fc.tuple(tie('body'), tie('body')).map(([a, b]) => `(${a}) / (1 + (${b})^2)`),
      tie('body').map((inner) => `sqrt(1 + (${inner})^2)`),
    ),
  })).body

  test('a feature of the row alone, written out as the kernel, is never refuted', () => {
    let proved = 0
    let all = 0
    fc.assert(
      fc.property(elementwise, (body) => {
        const unplaced = body.replaceAll('position', '2')
        const of = (name: string): string => unplaced.replaceAll(/\bx\b/g, name)
        const model = modelOf(`feature f(x) = x * (${unplaced})
attention a { dim: 3 kernel: sum((${of('q')}) * k * (${of('k')}) * q) feature: f }`)
        const { status } = proveClaim(model)
        all++
        if (status === 'proved') proved++
        expect(status).not.toBe('refuted')
      }),
      { seed: 99, numRuns: 150 },
    )
    expect(proved / all).toBeGreaterThan(0.95)
  })

  test('any feature at all has a verdict', () => {
    fc.assert(
      fc.property(elementwise, elementwise, (query, key) => {
        const projected = (body: string): string => `sum(${body} + w * x)`
        const model = modelFor(projected(query), projected(key), 2, 'exp(dot(q, k))')
        expect(['refuted', 'undecided']).toContain(proveClaim(model).status)
        const inside = modelFor(
          `sum(0 * w + ${query.replaceAll(/\bx\b/g, 'w')})`,
          `dot(w, x)`,
          2,
          'exp(dot(q, k))',
        )
        expect(['refuted', 'undecided']).toContain(proveClaim(inside).status)
      }),
      { seed: 7, numRuns: 60 },
    )
  })
})
