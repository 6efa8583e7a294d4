// Bounds on rounding hold what f32 arithmetic does, and are of its order.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  add,
  constant,
  divide,
  element,
  exp,
  multiply,
  reduce,
  sqrt,
  subtract,
  variable,
} from '../../compiler/symbolic/build.ts'
import { environmentOf, evaluateScalar } from '../../compiler/symbolic/evaluate.ts'
import type { Expression } from '../../compiler/symbolic/expression.ts'
import { scalarOperator } from '../../compiler/symbolic/operators.ts'
import { unit } from '../../compiler/symbolic/single.ts'
import { Bindings, boundedEvaluator } from '../../compiler/verification/rounding/bounded.ts'

const size = 6
const entries = fc.array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: size, maxLength: size })

/** Of one row x, in component form. */
const expressions: fc.Arbitrary<Expression> = fc.letrec<{ scalar: Expression }>((tie) => ({
  scalar: fc.oneof(
    { maxDepth: 4 },
    fc.integer({ min: 0, max: size - 1 }).map((t) => element('x', constant(t))),
    fc.double({ min: 0.1, max: 3, noNaN: true }).map(constant),
    fc.constant(reduce('sum', 't', size, multiply(element('x', variable('t')), element('x', variable('t'))))),
    fc.constant(reduce('maximum', 't', size, element('x', variable('t')))),
    fc.tuple(tie('scalar'), tie('scalar')).map(([a, b]) => add(a, b)),
    fc.tuple(tie('scalar'), tie('scalar')).map(([a, b]) => subtract(a, b)),
    fc.tuple(tie('scalar'), tie('scalar')).map(([a, b]) => multiply(a, b)),
    fc.tuple(tie('scalar'), tie('scalar')).map(([a, b]) => divide(a, add(constant(1), multiply(b, b)))),
    tie('scalar').map((a) => exp(multiply(constant(-0.1), multiply(a, a)))),
    tie('scalar').map((a) => sqrt(add(constant(1), multiply(a, a)))),
  ),
})).scalar

/** The value with every operation rounded to f32. */
function rounded(expression: Expression, x: Float64Array, index = Number.NaN): number {
  switch (expression.kind) {
    case 'constant':
      return Math.fround(expression.value)
    case 'variable':
      return index
    case 'element':
      return x[rounded(expression.index, x, index)] ?? Number.NaN
    case 'reduce': {
      let total = expression.operator === 'sum' ? 0 : -Infinity
      for (let t = 0; t < expression.size; t++) {
        const value = rounded(expression.body, x, t)
        total = expression.operator === 'sum' ? Math.fround(total + value) : Math.max(total, value)
      }
      return total
    }
    case 'apply':
      return Math.fround(
        scalarOperator(expression.operator)?.value(...expression.args.map((arg) => rounded(arg, x, index))) ??
          Number.NaN,
      )
  }
}

describe('running bounds', () => {
  test('the value is the value, and f32 stays within the bound', () => {
    fc.assert(
      fc.property(expressions, entries, (expression, row) => {
        const x = Float64Array.from(row)
        const bindings = new Bindings()
        bindings.setRow('x', x)
        const { value, error } = boundedEvaluator(expression, bindings)()
        const exact = evaluateScalar(expression, environmentOf({ x }))
        expect(value).toBeCloseTo(exact, 9)
        expect(Math.abs(rounded(expression, x) - exact)).toBeLessThanOrEqual(error)
      }),
      { seed: 11, numRuns: 400 },
    )
  })

  test('are of the order of what is lost', () => {
    const bindings = new Bindings()
    bindings.setRow('x', Float64Array.of(1, 1, 1, 1, 1, 1))
    const square = reduce(
      'sum',
      't',
      size,
      multiply(element('x', variable('t')), element('x', variable('t'))),
    )
    expect(boundedEvaluator(square, bindings)().error).toBeLessThan(20 * size * unit)
    // A difference of nearly equal numbers keeps the error of its parts.
    const cancelling = subtract(exp(square), exp(add(square, constant(1e-6))))
    const { value, error } = boundedEvaluator(cancelling, bindings)()
    expect(error).toBeGreaterThan(0.1 * Math.abs(value))
  })
})
