// What a generated module computes on the host is what the expression says, however its parts are nested.
import { createContext, runInContext } from 'node:vm'
import { expect, test } from 'vitest'
import { isSpelt, javascript } from '../../compiler/codegen/javascript.ts'
import { applyNamed, constant, variable } from '../../compiler/symbolic/build.ts'
import { environmentOf, evaluateScalar } from '../../compiler/symbolic/evaluate.ts'
import type { Expression } from '../../compiler/symbolic/expression.ts'
import { near } from '../symbolic/samples.ts'

const head = variable('head')
const other = constant(-0.5)
const exponent = constant(3)

const unary = ['negate', 'exp', 'log', 'sqrt', 'abs', 'sin', 'cos', 'tanh', 'sinh', 'cosh']
const activations = ['relu', 'elu', 'sigmoid', 'silu', 'softplus']
const binary = ['add', 'subtract', 'multiply', 'divide', 'min', 'max']

/** Every operator around an expression, in each of its places. */
const around = (inner: Expression): Expression[] => [
  ...[...unary, ...activations].map((name) => applyNamed(name, [inner])),
  ...binary.flatMap((name) => [applyNamed(name, [inner, other]), applyNamed(name, [other, inner])]),
  applyNamed('power', [inner, exponent]),
]

const context = createContext()

function read(expression: Expression, head: number): unknown {
  try {
    return runInContext(`head = ${head}; ${javascript(expression)}`, context)
  } catch (error) {
    return error
  }
}

const same = (found: unknown, expected: number): boolean =>
  Object.is(found, expected) || (typeof found === 'number' && near(expected)(found))

test('operators within operators', () => {
  const nested = around(head).flatMap(around)
  expect(nested.every(isSpelt)).toBe(true)
  const wrong = nested.flatMap((expression) => {
    const expected = evaluateScalar(expression, environmentOf({ head: 2 }))
    const found = read(expression, 2)
    return same(found, expected) ? [] : [`${javascript(expression)}: ${String(found)}, not ${expected}`]
  })
  expect(wrong).toEqual([])
})

test('a softplus of what has an exponential beyond all numbers', () => {
  expect(read(applyNamed('softplus', [head]), 800)).toBe(800)
})
