import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { printSize } from '../../compiler/codegen/size.ts'
import { evaluateSize } from '../../runtime/contract/size.ts'
import type { Size } from '../../runtime/contract/size.ts'
import { shapeFields } from '../../runtime/contract/shape.ts'
import type { ShapeField } from '../../runtime/contract/shape.ts'

const { size } = fc.letrec<{ size: Size }>((tie) => ({
  size: fc.oneof(
    { depthSize: 'small' },
    fc.nat(9),
    fc.constantFrom(...shapeFields),
    fc.tuple(fc.constantFrom('+' as const, '*' as const, 'max' as const), tie('size'), tie('size')),
    fc.tuple(
      fc.constant('ceildiv' as const),
      tie('size'),
      fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(...shapeFields)),
    ),
  ),
}))
const shape = fc.record(
  Object.fromEntries(shapeFields.map((field) => [field, fc.integer({ min: 1, max: 50 })])),
) as fc.Arbitrary<Record<ShapeField, number>>

test('a printed size is a function with the value of the size', () => {
  fc.assert(
    fc.property(size, shape, (size, shape) => {
      const printed = runInNewContext(printSize(size)) as (s: typeof shape) => number
      expect(printed(shape)).toBe(evaluateSize(size, shape))
    }),
    { seed: 1, numRuns: 500 },
  )
})

test.each<[Size, string]>([
  [7, '() => 7'],
  ['batch', '(s) => s.batch'],
  [['*', ['+', 'length', 1], 64], '(s) => (s.length + 1) * 64'],
  [
    ['ceildiv', ['*', 'batch', 'heads'], ['*', 2, 'chunks']],
    '(s) => Math.ceil(s.batch * s.heads / (2 * s.chunks))',
  ],
  [['*', ['ceildiv', ['+', 'length', 3], 1], 1], '(s) => s.length + 3'],
  [['max', ['+', 1, 'offset'], 2], '(s) => Math.max(1 + s.offset, 2)'],
])('%j reads as %s', (size, printed) => {
  expect(printSize(size)).toBe(printed)
})

test('values are what they should be', () => {
  const shape = Object.fromEntries(shapeFields.map((field, index) => [field, index + 1])) as Record<
    ShapeField,
    number
  >
  expect(evaluateSize(['ceildiv', ['*', 'heads', 'chunks'], 5], shape)).toBe(3)
  expect(evaluateSize(['max', ['+', 'batch', 3], 'heads'], shape)).toBe(4)
})
