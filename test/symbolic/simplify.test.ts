import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
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
  row,
  subtract,
  variable,
} from '../../compiler/symbolic/build.ts'
import { components, scalarComponents } from '../../compiler/symbolic/components.ts'
import { evaluate, evaluateScalar } from '../../compiler/symbolic/evaluate.ts'
import type { Expression } from '../../compiler/symbolic/expression.ts'
import { print } from '../../compiler/symbolic/print.ts'
import { simplify } from '../../compiler/symbolic/simplify.ts'
import { equals } from '../../compiler/symbolic/traverse.ts'
import { environments, expressions, near } from './samples.ts'
import { processorTime } from '../setup/processor-time.ts'

const x = row('x', 4)
const w = row('w', 4)
const component = variable('component')
const simplified = (expression: Expression): string => print(simplify(components(expression, component)))

describe('component form and simplification', () => {
  test('entries of the component form are the entries of the row', () => {
    fc.assert(
      fc.property(expressions(4), environments, (expression, environment) => {
        const whole = evaluate(expression, environment)
        const expected = typeof whole === 'number' ? whole : whole[1]!
        fc.pre(Number.isFinite(expected))
        expect(evaluateScalar(components(expression, component), environment)).toSatisfy(near(expected))
      }),
      { seed: 4, numRuns: 500 },
    )
  })

  test('simplification keeps the function', () => {
    fc.assert(
      fc.property(expressions(5), environments, (expression, environment) => {
        const before = components(expression, component)
        const old = evaluateScalar(before, environment)
        // Jumps and poles turn the rounding of an argument into a difference.
        fc.pre(Math.abs(old) < 1e9 && !/floor|sign|\/|\^\(-/.test(print(before)))
        expect(evaluateScalar(simplify(before), environment)).toSatisfy(near(old, 1e-7))
      }),
      { seed: 5, numRuns: 2000 },
    )
  })

  test('a simplified expression stays as it is', () => {
    fc.assert(
      fc.property(expressions(5), (expression) => {
        const once = simplify(components(expression, component))
        expect(print(simplify(once))).toBe(print(once))
      }),
      { seed: 6, numRuns: 1000 },
    )
  })
})

describe('normal forms', () => {
  test('the order and the brackets in which a sum or a product is written do not matter', () => {
    const terms = [exp(dot(w, x)), constant(2), negate(dot(x, x)), multiply(constant(3), dot(x, x))]
    const forward = simplify(scalarComponents(add(...terms)))
    const backward = simplify(scalarComponents(terms.reduceRight((sum, term) => add(term, sum))))
    expect(equals(forward, backward)).toBe(true)
    expect(print(forward)).toBe('2 * sum(t < 4) x[t]^2 + exp(sum(t < 4) w[t] * x[t]) + 2')
  })

  test.each<[string, Expression]>([
    [
      'sum(t < 4) w[t] * x[t] - 0.5 * sum(t < 4) x[t]^2',
      log(exp(subtract(dot(w, x), divide(dot(x, x), constant(2))))),
    ],
    ['3 * sum(t < 4) w[t] * x[t]', dot(w, multiply(constant(3), x))],
    ['sum(t < 4) x[t]^2', power(apply('norm', x), 2)],
    [
      'exp(sum(t < 4) x[t])',
      multiply(exp(divide(apply('sum', x), constant(2))), exp(divide(apply('sum', x), constant(2)))),
    ],
    ['x[component] / 3', divide(x, constant(3))],
    ['x[component]', divide(multiply(constant(3), x), constant(3))],
    ['x[component] / sqrt(sum(t < 4) x[t]^2)', divide(x, apply('norm', x))],
    ['x[floor(0.25 * component)] * x[component % 4]', apply('outer', x, x)],
    [
      'exp(x[component] - maximum(t < 4) x[t]) / (sum(t1 < 4) exp(x[t1] - maximum(t < 4) x[t]))',
      apply('softmax', x),
    ],
    ['softplus(x[component])', log(add(constant(1), exp(x)))],
    ['sigmoid(x[component])', divide(constant(1), add(constant(1), exp(negate(x))))],
    ['exp(min(x[component], 0)) + relu(x[component])', add(constant(1), apply('elu', x))],
    ['0', subtract(x, x)],
    ['2 * x[component]', add(x, x)],
  ])('%s', (text, expression) => {
    expect(simplified(expression)).toBe(text)
  })

  test('an integer division inside floor stays exact', () => {
    const index = simplify(apply('floor', divide(component, constant(49))))
    expect(evaluateScalar(index, () => 49)).toBe(1)
  })

  test('equal sums at different places have equal index names', () => {
    const twice = simplify(scalarComponents(add(exp(dot(x, x)), multiply(dot(x, x), exp(dot(x, x))))))
    expect(print(twice)).toBe('exp(sum(t < 4) x[t]^2) + (sum(t < 4) x[t]^2) * exp(sum(t < 4) x[t]^2)')
  })

  test('a chain of a thousand terms takes no time worth mentioning', () => {
    const terms = Array.from({ length: 1000 }, (_, n) =>
      multiply(constant(n), apply('sin', multiply(constant(n % 7), dot(w, x)))),
    )
    const start = processorTime()
    simplify(scalarComponents(add(...terms)))
    expect(processorTime() - start).toBeLessThan(5000)
  })
})
