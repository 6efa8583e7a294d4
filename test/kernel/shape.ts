import { shapeFields } from '../../runtime/contract/shape.ts'
import type { ShapeField } from '../../runtime/contract/shape.ts'

/** A shape of the sizes that matter to a test; the others are 1. */
export function shapeOf(sizes: Partial<Record<ShapeField, number>> = {}): Record<ShapeField, number> {
  const ones = Object.fromEntries(shapeFields.map((field) => [field, 1])) as Record<ShapeField, number>
  return { ...ones, ...sizes }
}
