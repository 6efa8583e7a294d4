// Extended-range numbers against plain doubles where those suffice, and against logarithms where they do not.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  add as addExtended,
  divide,
  exponential,
  extended,
  larger,
  logarithm,
  multiply,
  power,
  smaller,
  squareRoot,
  subtract,
  toNumber,
} from '../../compiler/symbolic/extended.ts'
import type { Extended } from '../../compiler/symbolic/extended.ts'
import { Evaluator } from '../../compiler/reference/evaluate.ts'
import { extendedRowFunction } from '../../compiler/reference/rows.ts'
import { dot, Vector } from '../../compiler/reference/vector.ts'
import { add, applyNamed, constant, variable } from '../../compiler/symbolic/build.ts'
import { rowOperators, scalarOperator, scalarOperators } from '../../compiler/symbolic/operators.ts'

const seed = 20
const moderate = fc.double({ min: -50, max: 50, noNaN: true }).filter((x) => x === 0 || Math.abs(x) > 1e-6)

/** The same number behind a log of its own choosing. */
const disguised = (value: number, log: number): Extended => ({ mantissa: value / Math.exp(log), log })

const extendedFunction = (name: string): ((...args: Extended[]) => Extended) =>
  scalarOperator(name)!.extended!

/** Relative, and 0 for two zeros. */
const error = (actual: number, expected: number): number =>
  actual === expected ? 0 : Math.abs(actual - expected) / Math.abs(expected)

describe('where doubles suffice, operators are those of the table', () => {
  const names = Object.keys(scalarOperators).filter((name) => scalarOperator(name)?.extended !== undefined)

  test('the operators that grow or die exponentially are among them', () => {
    expect(names).toEqual(
      expect.arrayContaining(['exp', 'sinh', 'cosh', 'sigmoid', 'softplus', 'elu', 'power']),
    )
  })

  // A difference is only as good as its arguments.
  const cancelling = ['add', 'subtract', 'log']

  test.each(names)('%s', (name) => {
    const { value } = scalarOperator(name)!
    fc.assert(
      fc.property(moderate, moderate, fc.integer({ min: -40, max: 40 }), (a, b, log) => {
        const second = name === 'power' ? Math.round(b / 10) : b
        const expected = value(a, second)
        const result = toNumber(extendedFunction(name)(disguised(a, log), extended(second)))
        const scale = Math.abs(expected) + (cancelling.includes(name) ? 1 + Math.abs(a) + Math.abs(b) : 0)
        const near = Math.abs(result - expected) <= 1e-12 * scale
        expect(Object.is(result, expected) || near, `${result} for ${expected}`).toBe(true)
      }),
      { seed, numRuns: 300 },
    )
  })

  // Operators on the entries of rows have one evaluation.
  const apart = Object.keys(rowOperators).filter((name) => extendedRowFunction(name) !== undefined)
  test.each(apart)('%s', (name) => {
    const { evaluate } = rowOperators[name as keyof typeof rowOperators]
    const row = fc.array(moderate, { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(row, row, fc.integer({ min: -20, max: 20 }), (a, b, log) => {
        const run = extendedRowFunction(name)!
        const result = run(
          Vector.from(3, (t) => disguised(a[t]!, log * t)),
          Vector.ofNumbers(b),
        )
        const found =
          result instanceof Vector ? [0, 1, 2].map((t) => toNumber(result.at(t))) : [toNumber(result)]
        const expected = (evaluate as (...rows: Float64Array[]) => number | Float64Array)(
          Float64Array.from(a),
          Float64Array.from(b),
        )
        const list = typeof expected === 'number' ? [expected] : [...expected].slice(0, 3)
        const scale = [...a, ...b].reduce((sum, entry) => sum + entry * entry, 0)
        for (const [t, entry] of list.entries())
          expect(Math.abs(found[t]! - entry)).toBeLessThanOrEqual(
            1e-13 * (name === 'softmax' ? 50 * entry : scale),
          )
      }),
      { seed, numRuns: 200 },
    )
  })
})

describe('beyond the range of doubles', () => {
  const exponent = fc.double({ min: -1e9, max: 1e9, noNaN: true })

  test('products, quotients, powers and roots of exponentials are exponentials of sums', () => {
    fc.assert(
      fc.property(exponent, exponent, (u, w) => {
        expect(error(logarithm(multiply(exponential(u), exponential(w))), u + w)).toBeLessThan(1e-12)
        expect(error(logarithm(divide(exponential(u), exponential(w))), u - w)).toBeLessThan(1e-12)
        expect(error(logarithm(power(exponential(u), 3)), 3 * u)).toBeLessThan(1e-12)
        expect(error(logarithm(squareRoot(exponential(u))), u / 2)).toBeLessThan(1e-12)
      }),
      { seed },
    )
  })

  test('sums are log-sum-exp, and subtracting undoes them', () => {
    fc.assert(
      fc.property(exponent, fc.double({ min: -30, max: 30, noNaN: true }), (u, gap) => {
        const sum = addExtended(exponential(u), exponential(u + gap))
        const exact = u + gap - u
        expect(Math.abs(logarithm(sum) - u - Math.log1p(Math.exp(exact)))).toBeLessThan(1e-6)
        const again = toNumber(divide(subtract(sum, exponential(u)), exponential(u)))
        expect(Math.abs(again - Math.exp(exact))).toBeLessThan(1e-6 * (1 + Math.exp(exact)))
      }),
      { seed },
    )
  })

  test('order is that of the exponents, reversed below zero', () => {
    fc.assert(
      fc.property(exponent, exponent, (u, w) => {
        fc.pre(Math.abs(u - w) > 1e-3)
        expect(larger(exponential(u), exponential(w)).log).toBe(Math.max(u, w))
        expect(smaller(exponential(u), exponential(w)).log).toBe(Math.min(u, w))
        const [a, b] = [extended(-1, u), extended(-1, w)]
        expect(larger(a, b).log).toBe(Math.min(u, w))
      }),
      { seed },
    )
  })

  test('a number that only passes through a double on the way is not lost', () => {
    expect(toNumber(extended(1e-140, 1000))).toBeCloseTo(1e-140 * Math.exp(500) * Math.exp(500), -280)
    expect(toNumber(multiply(exponential(-5000), exponential(5001)))).toBeCloseTo(Math.E, 12)
    expect(toNumber(exponential(1e5))).toBe(Infinity)
    expect(toNumber(exponential(-1e5))).toBe(0)
  })

  const of = (name: string, x: number): Extended => extendedFunction(name)(extended(x))

  test('functions keep their tails', () => {
    expect(error(logarithm(of('cosh', -1e4)), 1e4 - Math.LN2)).toBeLessThan(1e-12)
    expect(error(logarithm(of('sinh', 1e4)), 1e4 - Math.LN2)).toBeLessThan(1e-12)
    expect(of('sinh', -1e4).mantissa).toBeLessThan(0)
    expect(error(logarithm(of('sigmoid', -1e4)), -1e4)).toBeLessThan(1e-12)
    expect(error(logarithm(of('softplus', -1e4)), -1e4)).toBeLessThan(1e-12)
    expect(toNumber(of('softplus', 1e4))).toBe(1e4)
    expect(error(toNumber(of('elu', -1e4)), -1)).toBeLessThan(1e-12)
    expect(toNumber(of('elu', 1e4))).toBe(1e4)
    expect(toNumber(of('tanh', -1e4))).toBe(-1)
    expect(toNumber(of('gelu', 1e4))).toBe(1e4)
    expect(toNumber(of('silu', 1e4))).toBe(1e4)
    const silu = of('silu', -1e4)
    expect(error(Math.log(-silu.mantissa) + silu.log, Math.log(1e4) - 1e4)).toBeLessThan(1e-12)
    // Mills' ratio: Φ(−x) lies between φ(x)·x/(1 + x²) and φ(x)/x.
    const gelu = of('gelu', -1e3)
    const density = -5e5 - Math.log(2 * Math.PI) / 2
    const log = Math.log(-gelu.mantissa) + gelu.log
    expect(log).toBeLessThan(density)
    expect(log).toBeGreaterThan(density - 1.1e-6)
  })

  test('the tails join the middle', () => {
    for (const [name, seam] of [
      ['gelu', -30],
      ['sigmoid', -700],
      ['softplus', -700],
      ['softplus', 700],
      ['sinh', 700],
    ] as const) {
      const before = of(name, seam - 1e-9)
      const after = of(name, seam + 1e-9)
      const ratio = toNumber(divide(before, after))
      expect(Math.abs(ratio - 1)).toBeLessThan(1e-7)
    }
  })

  test('a number too large for a double saturates an activation', () => {
    const huge = exponential(1e6)
    const negative = extended(-1, 1e6)
    for (const name of ['elu', 'silu', 'gelu', 'softplus', 'relu'])
      expect(extendedFunction(name)(huge)).toEqual(huge)
    for (const name of ['silu', 'gelu', 'softplus', 'relu'])
      expect(Math.abs(toNumber(extendedFunction(name)(negative)))).toBe(0)
    expect(toNumber(extendedFunction('elu')(negative))).toBe(-1)
    expect(toNumber(extendedFunction('sigmoid')(huge))).toBe(1)
    expect(toNumber(extendedFunction('sigmoid')(negative))).toBe(0)
    expect(toNumber(extendedFunction('tanh')(negative))).toBe(-1)
  })

  test('a number too small for a double passes through what is linear at 0', () => {
    const tiny = exponential(-1e6)
    for (const name of ['tanh', 'sin', 'sinh', 'elu']) expect(extendedFunction(name)(tiny)).toEqual(tiny)
    expect(extendedFunction('silu')(tiny)).toEqual({ mantissa: 0.5, log: -1e6 })
  })

  test('a plain number raised beyond the doubles', () => {
    expect(error(logarithm(power(extended(1e100), 5)), 500 * Math.LN10)).toBeLessThan(1e-14)
    expect(error(logarithm(power(extended(1e-100), 5)), -500 * Math.LN10)).toBeLessThan(1e-14)
    expect(power(extended(-1e100), 5).mantissa).toBeLessThan(0)
  })

  const plus = (name: string, x: number, c: number): Extended =>
    new Evaluator(add(applyNamed(name, [variable('a')]), constant(c))).set('a', x).scalar()

  test('elu + 1 is exp on the left, at any distance', () => {
    for (const x of [-1e-3, -1, -40, -700, -1e4])
      expect(error(logarithm(plus('elu', x, 1)), x)).toBeLessThan(1e-13)
    expect(error(toNumber(plus('elu', 3, 1)), 4)).toBeLessThan(1e-12)
    expect(error(toNumber(plus('elu', -3, 0.5)), Math.exp(-3) - 0.5)).toBeLessThan(1e-12)
  })

  test('tanh + 1 is 2·exp(2x) on the left, at any distance', () => {
    for (const x of [-40, -700, -1e4])
      expect(error(logarithm(plus('tanh', x, 1)), 2 * x + Math.LN2)).toBeLessThan(1e-13)
    expect(error(toNumber(plus('tanh', -1, 1)), 0.23840584404423511)).toBeLessThan(1e-15)
    expect(error(toNumber(plus('tanh', 1e-9, 0.5)), 0.5 + 1e-9)).toBeLessThan(1e-15)
  })
})

describe('inner products', () => {
  test('of rows whose large entries lie in different places lose no term', () => {
    const left = Vector.from(3, (t) => [exponential(1e6), exponential(0), exponential(-1e6)][t]!)
    const right = Vector.from(3, (t) => [exponential(-1e6), exponential(1), exponential(1e6)][t]!)
    expect(error(toNumber(dot(left, right)), 2 + Math.E)).toBeLessThan(1e-12)
  })

  test('of rows with zeros in place of the large entries', () => {
    const left = Vector.from(2, (t) => [exponential(1e6), exponential(-1e6)][t]!)
    const right = Vector.from(2, (t) => [extended(0), exponential(2)][t]!)
    expect(error(logarithm(dot(left, right)), 2 - 1e6)).toBeLessThan(1e-12)
    expect(
      toNumber(
        dot(
          right,
          Vector.from(2, () => extended(0)),
        ),
      ),
    ).toBe(0)
  })

  test('of rows so wide apart still add what is near their largest term', () => {
    const left = Vector.from(3, (t) => [exponential(500), exponential(20), exponential(0)][t]!)
    const right = Vector.from(3, (t) => [exponential(-500), exponential(-40), exponential(0)][t]!)
    expect(error(toNumber(dot(left, right)), 2 + Math.exp(-20))).toBeLessThan(1e-15)
  })

  test('of rows whose only common entry is small in both', () => {
    const left = Vector.from(3, (t) => [extended(1), extended(0), exponential(-500)][t]!)
    const right = Vector.from(3, (t) => [extended(0), extended(1), exponential(-500)][t]!)
    expect(logarithm(dot(left, right))).toBe(-1000)
  })

  test('are the sum of the products, entry by entry', () => {
    const entry = fc.tuple(
      fc.double({ min: 0.1, max: 10, noNaN: true }),
      fc.double({ min: -2000, max: 2000, noNaN: true }),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(entry, entry), { minLength: 1, maxLength: 6 }), (pairs) => {
        const rows = [0, 1].map((side) =>
          Vector.from(pairs.length, (t) => extended(...pairs[t]![side as 0 | 1])),
        )
        const logs = pairs.map(([[a, u], [b, w]]) => Math.log(a) + Math.log(b) + u + w)
        const top = Math.max(...logs)
        const expected = top + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - top), 0))
        expect(Math.abs(logarithm(dot(rows[0]!, rows[1]!)) - expected)).toBeLessThan(1e-11)
      }),
      { seed },
    )
  })
})
