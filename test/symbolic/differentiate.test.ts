// Derivatives of expressions against differences of their values.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyNamed, constant, row, variable } from '../../compiler/symbolic/build.ts'
import { components, scalarComponents } from '../../compiler/symbolic/components.ts'
import { differentiate, entryName } from '../../compiler/symbolic/differentiate.ts'
import { environmentOf, evaluateScalar } from '../../compiler/symbolic/evaluate.ts'
import type { Environment } from '../../compiler/symbolic/evaluate.ts'
import type { Expression } from '../../compiler/symbolic/expression.ts'
import { print } from '../../compiler/symbolic/print.ts'
import { expressions, size } from './samples.ts'

/** The derivative by one entry, from its summands. */
function derivativeAt(expression: Expression, vector: string, at: number, around: Environment): number {
  const here: Environment = (name) => (name === entryName ? at : around(name))
  return differentiate(expression, vector).reduce((sum, one) => {
    const weight = evaluateScalar(one.weight, around)
    if (one.kind === 'slope') return sum + weight * evaluateScalar(one.slope, here)
    return evaluateScalar(one.at, around) === at ? sum + weight : sum
  }, 0)
}

interface Point {
  readonly x: readonly number[]
  readonly w: readonly number[]
}

const around = ({ x, w }: Point, component: number): Environment =>
  environmentOf({ x: Float64Array.from(x), w: Float64Array.from(w), position: 2, length: 5, component })

const nudged = ({ x, w }: Point, at: number, by: number): Point => ({
  x: x.map((entry, t) => (t === at ? entry + by : entry)),
  w,
})

const h = 1e-5

/** The derivative by differences of two widths, and how far these are from one another. */
function difference(f: (by: number) => number): { readonly slope: number; readonly doubt: number } {
  const wide = (f(2 * h) - f(-2 * h)) / (4 * h)
  const close = (f(h) - f(-h)) / (2 * h)
  return { slope: close, doubt: Math.abs(wide - close) + Math.abs(f(h) - 2 * f(0) + f(-h)) / h }
}

// Away from 0, where many of these functions have a pole or a kink.
const numbers = fc
  .double({ min: -2, max: 2, noNaN: true })
  .map((entry) => entry + Math.sign(entry || 1) / 100)
const entries = fc.array(numbers, { minLength: size, maxLength: size })
const points: fc.Arbitrary<Point> = fc.record({ x: entries, w: entries })

/** The entries by which the derivative is another than differences say, in words. */
function wrong(expression: Expression, point: Point, component: number): string[] {
  return Array.from({ length: size }, (_, at) => at).flatMap((at) => {
    const f = (by: number): number => evaluateScalar(expression, around(nudged(point, at, by), component))
    const { slope, doubt } = difference(f)
    const largest = Math.max(1, Math.abs(f(0)), Math.abs(slope))
    // At a kink, a pole or a jump differences say nothing.
    if (!Number.isFinite(slope) || doubt > 1e-3 * largest || largest > 1e6) return []
    const found = derivativeAt(expression, 'x', at, around(point, component))
    const isRight = Math.abs(found - slope) <= 1e-4 * largest + 4 * doubt
    return isRight ? [] : [`${print(expression)} by entry ${at}: ${found}, and not ${slope}`]
  })
}

describe('derivatives by entries', () => {
  test('agree with differences, for random expressions', () => {
    fc.assert(
      fc.property(expressions(4), points, fc.nat(size - 1), (expression, point, component) => {
        expect(wrong(components(expression, variable('component')), point, component)).toEqual([])
      }),
      { numRuns: 1000, seed: 11 },
    )
  })

  const x = row('x', size)
  const w = row('w', size)
  const apply = (operator: string, ...args: readonly Expression[]): Expression => applyNamed(operator, args)

  test('of a softmax leave out its maximum, which shifts nothing', () => {
    const found = differentiate(components(apply('softmax', x), variable('component')), 'x')
    expect(found.map((one) => print(one.weight)).join()).not.toContain('step')
    expect(found).toHaveLength(2)
  })

  test('of outer products of rows go to both of their factors', () => {
    for (let component = 0; component < size * size; component++) {
      const outer = components(apply('outer', apply('exp', x), x), variable('component'))
      expect(wrong(outer, { x: [0.3, -1.2, 0.7], w: [1, 1, 1] }, component)).toEqual([])
    }
    const nested = scalarComponents(
      apply('sum', apply('multiply', apply('outer', x, w), apply('outer', x, x))),
    )
    expect(wrong(nested, { x: [0.3, -1.2, 0.7], w: [0.5, 1, -1] }, 0)).toEqual([])
  })

  test('have a weight and a slope for each sum over entries', () => {
    const favor = apply(
      'exp',
      apply('subtract', apply('dot', w, x), apply('divide', apply('dot', x, x), constant(2))),
    )
    const found = differentiate(scalarComponents(favor), 'x')
    expect(found.map((one) => one.kind)).toEqual(['slope', 'slope'])
    expect(found.map((one) => ('slope' in one ? print(one.slope) : ''))).toEqual(['w[entry]', '2 * x[entry]'])
  })
})
