import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scalar, vector } from '../../compiler/symbolic/expression.ts'
import { apply, constant, row, variable } from '../../compiler/symbolic/build.ts'
import { environmentOf, evaluateScalar } from '../../compiler/symbolic/evaluate.ts'
import { interval } from '../../compiler/symbolic/interval.ts'
import { operatorNamed, scalarOperators } from '../../compiler/symbolic/operators.ts'
import type { ScalarOperator } from '../../compiler/symbolic/operators.ts'
import { erf, erfc, gelu, modulo, sigmoid, softplus } from '../../compiler/symbolic/special.ts'

describe('special functions', () => {
  // Fifty-digit values of erf and erfc, rounded to float64.
  test.each([
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [1.5, 0.9661051464753108],
    [2, 0.9953222650189527],
    [2.5, 0.999593047982555],
    [3, 0.9999779095030014],
    [4, 0.9999999845827421],
  ])('erf(%d) is %d to the last digits, and odd', (x, value) => {
    expect(Math.abs(erf(x) - value)).toBeLessThanOrEqual(4e-16)
    expect(erf(-x)).toBe(-erf(x))
  })

  test('erfc keeps its relative accuracy far out', () => {
    expect(erfc(5) / 1.5374597944280349e-12 - 1).toBeCloseTo(0, 13)
    expect(erfc(10) / 2.088487583762545e-45 - 1).toBeCloseTo(0, 12)
  })

  test('erf solves erf′ = 2/√π·exp(−x²) across the change of method', () => {
    for (let x = -4; x <= 4; x += 0.0625) {
      const slope = (erf(x + 1e-4) - erf(x - 1e-4)) / 2e-4
      expect(slope).toBeCloseTo((2 / Math.sqrt(Math.PI)) * Math.exp(-x * x), 7)
    }
  })

  test('nothing overflows on the way', () => {
    expect(softplus(1000)).toBe(1000)
    expect(softplus(-800)).toBe(0)
    expect(softplus(-30) / Math.exp(-30) - 1).toBeCloseTo(0, 12)
    expect(sigmoid(-1000)).toBe(0)
    expect(sigmoid(1000)).toBe(1)
    expect(gelu(-10) / (-10 * 7.619853024160527e-24) - 1).toBeCloseTo(0, 12)
  })

  test('the remainder has the sign of the divisor', () => {
    expect([modulo(7, 3), modulo(-7, 3), modulo(7, -3), modulo(-7, -3), modulo(6, 3)]).toEqual([
      1, 2, -2, -1, 0,
    ])
  })
})

const constantSecond = (value: unknown): boolean => value === scalarOperators.power.value

describe('records', () => {
  const numeric = Object.entries<ScalarOperator>(scalarOperators).filter(
    ([name, { type }]) =>
      (name !== 'random' && type([scalar]) === scalar) || type([scalar, scalar]) === scalar,
  )
  // Not so near 0 that an inverse overflows.
  const number = fc.double({ min: -6, max: 6, noNaN: true }).map((x) => (Math.abs(x) < 1e-300 ? 0 : x))

  test.each(numeric)('%s stays in its range', (_, { value, range, type }) => {
    const arity = type([scalar]) === scalar ? 1 : 2
    fc.assert(
      fc.property(
        fc.array(fc.tuple(number, number, fc.double({ min: 0, max: 1, noNaN: true })), {
          minLength: arity,
          maxLength: arity,
        }),
        (parts) => {
          const ends = parts.map(([a, b]) => interval(Math.min(a, b), Math.max(a, b)))
          const inside = parts.map(([a, b, share], n) =>
            Math.min(Math.max(a + share * (b - a), ends[n]!.low), ends[n]!.high),
          )
          const result = value(...inside)
          if (!Number.isFinite(result)) return
          const { low, high } = range(...ends)
          const slack = 1e-12 * (1 + Math.abs(result))
          expect(result).toBeGreaterThanOrEqual(low - slack)
          expect(result).toBeLessThanOrEqual(high + slack)
        },
      ),
      { seed: 1, numRuns: 300 },
    )
  })

  test.each(numeric.filter(([, { parity }]) => parity !== undefined))(
    '%s has its parity',
    (_, { value, parity }) => {
      fc.assert(
        fc.property(number, (x) => {
          expect(value(-x)).toBeCloseTo(parity === 'even' ? value(x) : -value(x), 12)
        }),
        { seed: 2 },
      )
    },
  )

  test.each(numeric)('%s has the derivatives of its record', (_, { value, type, derivative }) => {
    const names = type([scalar]) === scalar ? ['a'] : ['a', 'b']
    const partials = derivative?.(
      ...names.map((name) => (name === 'b' && constantSecond(value) ? constant(2.5) : variable(name))),
    )
    // Away from kinks, jumps and the ends of domains.
    for (const [a, b] of [
      [0.7, 2.5],
      [1.3, 2.5],
      [2.9, 2.5],
      [3.2, 2.5],
    ] as const) {
      const at = [a, b].slice(0, names.length)
      names.forEach((_, place) => {
        const moved = (by: number): number => value(...at.map((x, n) => (n === place ? x + by : x)))
        const slope = (moved(1e-5) - moved(-1e-5)) / 2e-5
        const partial = partials?.[place]
        expect(partial === undefined ? 0 : evaluateScalar(partial, environmentOf({ a, b }))).toBeCloseTo(
          slope,
          5,
        )
      })
    }
  })

  test('types', () => {
    expect(operatorNamed('add').type([scalar, vector(3)])).toEqual(vector(3))
    expect(operatorNamed('outer').type([vector(2), vector(3)])).toEqual(vector(6))
    expect(operatorNamed('dot').type([vector(2), vector(3)])).toBe(
      'expected vectors of one size, found sizes 2 and 3',
    )
    expect(operatorNamed('exp').type([])).toBe('expected 1 argument, found 0')
    expect(operatorNamed('and').type([scalar, scalar])).toBe('expected a condition, found a scalar')
    expect(() => apply('norm', constant(1))).toThrow('norm: expected a vector, found a scalar')
    expect(() => apply('power', row('x', 2), variable('position'))).toThrow('constant exponent')
    expect(() => operatorNamed('nothing')).toThrow('no operator is called nothing')
  })
})
