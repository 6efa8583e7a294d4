// Random expressions and rows, for properties that hold of every expression.
import * as fc from 'fast-check'
import { applyNamed, constant, row, variable } from '../../compiler/symbolic/build.ts'
import { environmentOf } from '../../compiler/symbolic/evaluate.ts'
import type { Environment } from '../../compiler/symbolic/evaluate.ts'
import type { Expression } from '../../compiler/symbolic/expression.ts'

export const size = 3

const x = row('x', size)
const w = row('w', size)

const elementwise = ['exp', 'abs', 'sin', 'cos', 'tanh', 'sinh', 'cosh', 'relu', 'elu', 'gelu', 'sigmoid']
const more = ['silu', 'softplus', 'erf', 'sign', 'floor', 'negate', 'sqrt', 'log']
const unary = [...elementwise, ...more]
const binary = ['add', 'subtract', 'multiply', 'divide', 'min', 'max']
const toScalar = ['sum', 'mean', 'norm', 'maximum']

const constants = fc.constantFrom(-2, -1, -0.5, 0, 0.25, 1, 2, 3).map(constant)
const scalars = fc.constantFrom<Expression>(variable('position'), variable('length'))

/** Scalar or vector expressions in user form, over x, w, position and length. */
export const expressions: fc.Memo<Expression> = fc.memo((depth) =>
  depth <= 1
    ? fc.oneof(constants, scalars, fc.constantFrom<Expression>(x, w))
    : fc.oneof(
        fc
          .tuple(fc.constantFrom(...unary), expressions(depth - 1))
          .map(([operator, a]) => applyNamed(operator, [a])),
        fc
          .tuple(fc.constantFrom(...binary), expressions(depth - 1), expressions(depth - 1))
          .map(([operator, a, b]) => applyNamed(operator, [a, b])),
        fc
          .tuple(expressions(depth - 1), fc.constantFrom(-2, -1, 0, 0.5, 1, 2, 3))
          .map(([a, exponent]) => applyNamed('power', [a, constant(exponent)])),
        fc
          .tuple(fc.constantFrom(...toScalar, 'softmax'), expressions(depth - 1))
          .map(([operator, a]) => (a.type.kind === 'vector' ? applyNamed(operator, [a]) : a)),
        fc
          .tuple(expressions(depth - 1), expressions(depth - 1))
          .map(([a, b]) =>
            a.type.kind === 'vector' && b.type.kind === 'vector' ? applyNamed('dot', [a, b]) : a,
          ),
      ),
)

const entries = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: size, maxLength: size })

export const environments: fc.Arbitrary<Environment> = fc.record({ x: entries, w: entries }).map((rows) =>
  environmentOf({
    x: Float64Array.from(rows.x),
    w: Float64Array.from(rows.w),
    position: 2,
    length: 5,
    component: 1,
  }),
)

/** Equal up to the rounding of a few operations on numbers of this size. */
export const near =
  (expected: number, tolerance = 1e-9) =>
  (found: number): boolean =>
    Math.abs(found - expected) <= tolerance * (1 + Math.abs(found) + Math.abs(expected))
