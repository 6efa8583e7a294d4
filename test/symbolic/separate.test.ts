// Sums of products of factors of one row and factors of the other.
import { describe, expect, test } from 'vitest'
import {
  add,
  apply,
  constant,
  element,
  multiply,
  power,
  subtract,
  variable,
} from '../../compiler/symbolic/build.ts'
import { environmentOf, evaluateScalar } from '../../compiler/symbolic/evaluate.ts'
import type { Expression } from '../../compiler/symbolic/expression.ts'
import { separate } from '../../compiler/symbolic/separate.ts'
import { mentions } from '../../compiler/symbolic/traverse.ts'

const q = element('q', constant(0))
const k = element('k', constant(0))

const around = environmentOf({ q: Float64Array.of(0.7), k: Float64Array.of(-1.3), scale: 2 })

const separable: Record<string, Expression> = {
  'a key': k,
  'a difference': multiply(constant(3), subtract(q, k)),
  'a square of both': multiply(subtract(q, k), add(q, k)),
  'functions of each': multiply(apply('exp', q), apply('tanh', k), variable('scale')),
  'a number': constant(2),
}

describe('separating two rows', () => {
  for (const [name, expression] of Object.entries(separable))
    test(`of ${name}`, () => {
      const products = separate(expression, 'q', 'k') ?? []
      const sum = products.reduce(
        (total, { left, right }) => total + evaluateScalar(left, around) * evaluateScalar(right, around),
        0,
      )
      expect(sum).toBeCloseTo(evaluateScalar(expression, around), 12)
      expect(products.some(({ left, right }) => mentions(left, 'k') || mentions(right, 'q'))).toBe(false)
    })

  test('is not possible for a function of their difference', () => {
    expect(separate(apply('sign', subtract(q, k)), 'q', 'k')).toBeUndefined()
    expect(separate(power(subtract(q, k), 3), 'q', 'k')).toBeUndefined()
  })
})
