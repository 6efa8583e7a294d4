/**
 * Counts that a call decides, as data: how many numbers a buffer has, how many
 * workgroups a dispatch. Planners write them in fields of the shape, kernels
 * compute with them, and the host evaluates them.
 */

import type { ShapeField } from './shape.ts'

/** `ceildiv` rounds the quotient up. */
export type SizeOperator = '+' | '*' | 'ceildiv' | 'max'

/** A count, in constants and fields of the shape. */
export type Size = number | ShapeField | readonly [SizeOperator, Size, Size]

/** The count for one shape. */
export function evaluateSize(size: Size, shape: Readonly<Partial<Record<ShapeField, number>>>): number {
  if (typeof size === 'number') return size
  // A field that the caller leaves out makes the count NaN, which no allocation takes.
  if (typeof size === 'string') return shape[size] ?? Number.NaN
  const [operator, left, right] = size
  const [a, b] = [evaluateSize(left, shape), evaluateSize(right, shape)]
  switch (operator) {
    case '+':
      return a + b
    case '*':
      return a * b
    case 'ceildiv':
      return Math.ceil(a / b)
    case 'max':
      return Math.max(a, b)
  }
}
