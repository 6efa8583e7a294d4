/**
 * Counts that a call decides, as data: how many numbers a buffer has, how many
 * workgroups a dispatch. Planners write them in fields of the shape, kernels
 * compute with them, and the host evaluates them.
 */

import { strideFields, stridesOf } from './shape.ts'
import type { CallField, Layout, ShapeField, StrideField } from './shape.ts'

/** `ceildiv` rounds the quotient up. */
export type SizeOperator = '+' | '*' | 'ceildiv' | 'max'

/** A count, in constants and fields of the shape. */
export type Size = number | CallField | readonly [SizeOperator, Size, Size]

/** The count for one shape. */
export function evaluateSize(size: Size, shape: Fields): number {
  if (typeof size === 'number') return size
  // A field that the caller leaves out makes the count NaN, which no allocation takes.
  if (typeof size === 'string') return fieldOf(shape, size)
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

/** Sizes of a call, and its layout. */
export type Fields = Readonly<Partial<Record<ShapeField, number>>> & Layout

/** Whether it is a stride, and no size. */
export const isStride = (field: CallField): field is StrideField =>
  (strideFields as readonly CallField[]).includes(field)

/** A size of a call, or what follows from its sizes and its layout. */
export function fieldOf(shape: Fields, field: CallField): number {
  if (!isStride(field)) return shape[field] ?? Number.NaN
  const { heads = NaN, kvHeads = NaN, length = NaN, keyLength = NaN, inside } = shape
  const strides = stridesOf({ heads, kvHeads, length, keyLength, ...(inside && { inside }) })
  return strides[strideFields.indexOf(field)] ?? Number.NaN
}
