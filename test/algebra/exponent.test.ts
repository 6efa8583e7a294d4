import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromModel } from '../../compiler/algebra/build.ts'
import { featuresOf } from '../../compiler/algebra/facts.ts'
import { scaledTerm } from '../../compiler/algebra/split-term.ts'
import {
  add,
  apply,
  constant,
  divide,
  dot,
  exp,
  log,
  multiply,
  negate,
  power,
  sqrt,
  subtract,
} from '../../compiler/symbolic/build.ts'
import { scalarComponents } from '../../compiler/symbolic/components.ts'
import { environmentOf, evaluateScalar } from '../../compiler/symbolic/evaluate.ts'
import type { Environment } from '../../compiler/symbolic/evaluate.ts'
import type { Expression } from '../../compiler/symbolic/expression.ts'
import { print } from '../../compiler/symbolic/print.ts'
import { simplify } from '../../compiler/symbolic/simplify.ts'
import type { ScaledTerm } from '../../compiler/algebra/attention.ts'
import { dim, features, w, x } from './models.ts'

const u = dot(w, x)
const squares = dot(x, x)
const apart = subtract(w, x)

/** Functions of a row and a projection row in which something is exponential. */
const exponential: Readonly<Record<string, Expression>> = {
  product: multiply(exp(u), apply('relu', u), exp(negate(squares))),
  quotient: divide(exp(u), multiply(exp(squares), add(constant(1), squares))),
  'power of exp': power(exp(u), 3),
  'root of a sum': sqrt(add(exp(u), exp(squares))),
  'fractional power of a sum': power(add(exp(u), constant(1)), 1.5),
  'fractional inverse power of a sum': power(add(exp(u), exp(squares)), -0.25),
  'three exponents': add(exp(u), exp(negate(u)), exp(negate(squares))),
  'difference of exponentials': subtract(exp(u), exp(negate(u))),
  'exponential and polynomial': add(exp(u), squares, constant(1)),
  cosh: apply('cosh', u),
  'sinh times exp': multiply(apply('sinh', u), exp(negate(squares))),
  'relu of exp': apply('relu', subtract(exp(u), constant(2))),
  'abs of sinh': apply('abs', apply('sinh', u)),
  'max of exponentials': apply('max', exp(u), exp(squares)),
  'min of exponential and polynomial': apply('min', exp(u), squares),
  'sum over a row of exponentials': apply('sum', exp(x)),
  'sum of weighted exponentials': dot(w, exp(multiply(constant(2), x))),
  'maximum of exponentials': apply('maximum', exp(x)),
  'norm of exponentials': apply('norm', exp(x)),
  'softplus of exp': apply('softplus', exp(u)),
  'elu of sinh': apply('elu', apply('sinh', u)),
  'gelu of exp': apply('gelu', exp(u)),
  'silu of sinh': apply('silu', apply('sinh', u)),
  gaussian: exp(divide(negate(dot(apart, apart)), constant(2))),
  logistic: divide(constant(1), add(constant(1), exp(negate(u)))),
  'softplus written out': log(add(constant(1), exp(u))),
  'elu plus one': add(apply('elu', u), constant(1)),
  silu: apply('silu', u),
}

/** Functions without an exponential, or with one that cannot grow. */
const tame: Readonly<Record<string, Expression>> = {
  polynomial: add(power(u, 4), squares),
  'log of a sum of exponentials': log(apply('sum', exp(x))),
  'log of exponentials': log(add(exp(u), exp(negate(u)))),
  'log of a product': log(multiply(exp(u), add(constant(1), squares))),
  'exp of tanh': exp(apply('tanh', u)),
  'quotient of equals': divide(exp(u), multiply(constant(2), exp(u))),
  'constant exponent': multiply(exp(constant(3)), u),
  'sign of sinh': apply('sign', apply('sinh', u)),
  'direction of a row': divide(u, apply('norm', x)),
  'exp of a negative softplus': multiply(exp(negate(apply('relu', apply('tanh', u)))), u),
}

const termOf = (expression: Expression): ScaledTerm => scaledTerm(simplify(scalarComponents(expression)))

const rowOf = (limit: number): fc.Arbitrary<Float64Array> =>
  fc
    .array(fc.double({ min: -limit, max: limit, noNaN: true }), { minLength: dim, maxLength: dim })
    // Not 0, where a direction is not defined.
    .map((entries) => Float64Array.from(entries, (entry) => (Math.abs(entry) < 1e-3 ? 1e-3 : entry)))

const pointWithin = (limit: number): fc.Arbitrary<Environment> =>
  fc
    .record({ x: rowOf(limit), w: rowOf(Math.min(limit, 5)), component: fc.nat(dim - 1) })
    .map((rows) => environmentOf({ ...rows, position: 3, length: 7 }))

function holdsAsFunction({ value, coefficient, exponent }: ScaledTerm): void {
  fc.assert(
    fc.property(pointWithin(1.5), (point) => {
      const whole = evaluateScalar(value, point)
      const split =
        evaluateScalar(coefficient, point) * Math.exp(exponent ? evaluateScalar(exponent, point) : 0)
      fc.pre(Number.isFinite(whole))
      expect(Math.abs(whole - split)).toBeLessThanOrEqual(1e-9 * Math.abs(whole) + 1e-10)
    }),
    { seed: 7, numRuns: 60 },
  )
}

const largest = 3.4028234663852886e38

/** At rows whose entries reach 10⁴, neither part leaves f32. */
function fitsF32({ coefficient, exponent }: ScaledTerm): void {
  fc.assert(
    fc.property(pointWithin(1e4), (point) => {
      expect(Math.abs(evaluateScalar(coefficient, point))).toBeLessThan(largest)
      expect(Math.abs(exponent ? evaluateScalar(exponent, point) : 0)).toBeLessThan(largest)
    }),
    { seed: 8, numRuns: 60 },
  )
}

describe('a value is coefficient · exp(exponent), with the exponential in the exponent', () => {
  test.each(Object.entries(exponential))('%s', (_, expression) => {
    const term = termOf(expression)
    expect(term.exponent).toBeDefined()
    holdsAsFunction(term)
    fitsF32(term)
  })

  test.each(Object.entries(tame))('none needed: %s', (_, expression) => {
    const term = termOf(expression)
    expect(term.exponent).toBeUndefined()
    holdsAsFunction(term)
    fitsF32(term)
  })

  test.each(Object.entries(features))('blocks of %s', (_, model) => {
    const blocks = featuresOf(fromModel(model))?.query ?? []
    expect(blocks.length).toBeGreaterThan(0)
    blocks.forEach(holdsAsFunction)
    blocks.forEach(fitsF32)
  })
})

describe('what the exponent is', () => {
  const exponentOf = (expression: Expression): string => {
    const { exponent } = termOf(expression)
    return exponent === undefined ? 'none' : print(exponent)
  }
  const dotText = 'sum(t < 4) w[t] * x[t]'

  test.each<[string, Expression]>([
    [`${dotText} - 0.5 * sum(t < 4) x[t]^2`, exp(subtract(u, divide(squares, constant(2))))],
    [`relu(${dotText})`, add(exp(u), constant(1))],
    [`abs(${dotText})`, apply('cosh', u)],
    [`abs(${dotText})`, add(exp(u), exp(negate(u)))],
    ['maximum(t < 4) x[t]', apply('sum', exp(x))],
    [`0.5 * sum(t < 4) w[t] * x[t]`, sqrt(exp(u))],
    ['none', exp(constant(2))],
  ])('%s', (text, expression) => {
    expect(exponentOf(expression)).toBe(text)
  })

  test.each(['silu', 'gelu', 'softplus', 'elu', 'relu', 'abs', 'sqrt', 'cosh', 'sin'] as const)(
    'sixty times %s over exponentials grows no faster than that',
    (operator) => {
      let nested: Expression = subtract(exp(u), constant(1))
      for (let n = 0; n < 60; n++) nested = add(apply(operator, nested), constant(n % 2))
      const { coefficient } = termOf(nested)
      expect(print(coefficient).length).toBeLessThan(1e6)
    },
  )

  test('a feature of two exponentials loses neither where they are far apart', () => {
    const { coefficient, exponent } = termOf(add(exp(u), exp(negate(squares)), constant(1)))
    const point = environmentOf({ x: Float64Array.of(500, 0, 0, 0), w: Float64Array.of(3, 0, 0, 0) })
    expect(evaluateScalar(coefficient, point)).toBe(1)
    expect(evaluateScalar(exponent!, point)).toBe(1500)
  })
})
