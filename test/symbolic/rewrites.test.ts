// Every rewrite, by name: it applies to its examples, and the value of the function stays.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { environmentOf, evaluateScalar } from '../../compiler/symbolic/evaluate.ts'
import { rewrites } from '../../compiler/symbolic/rewrites.ts'
import { equals } from '../../compiler/symbolic/traverse.ts'
import { near } from './samples.ts'

const edge = fc.constantFrom(-300, -30, -1, -0.5, -1e-9, 0, 1e-9, 0.5, 1, 30, 300)
const number = fc.oneof(edge, fc.double({ min: -4, max: 4, noNaN: true }))

test('names are different', () => {
  expect(new Set(rewrites.map(({ name }) => name)).size).toBe(rewrites.length)
})

test.each(rewrites)('$name: $algebra', ({ apply, examples }) => {
  expect(examples.length).toBeGreaterThan(0)
  for (const before of examples) {
    const after = apply(before) ?? before
    expect(equals(after, before)).toBe(false)
    fc.assert(
      fc.property(fc.record({ a: number, b: number, c: number }), (values) => {
        const environment = environmentOf(values)
        const old = evaluateScalar(before, environment)
        fc.pre(Number.isFinite(old))
        expect(evaluateScalar(after, environment)).toSatisfy(near(old, 1e-7))
      }),
      { seed: 3, numRuns: 200 },
    )
  }
})
