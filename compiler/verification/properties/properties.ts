/** Every property, in the order in which they are checked and shown. */
import { causality } from './causality.ts'
import { convexity } from './convexity.ts'
import { gradient } from './gradient.ts'
import { orthogonality } from './orthogonality.ts'
import { padding } from './padding.ts'
import { permutation } from './permutation.ts'
import type { Property } from './property.ts'
import { range } from './range.ts'
import { recurrence } from './recurrence.ts'
import { referenceProperty } from './reference.ts'
import { unbiased } from './unbiased.ts'
import { variance } from './variance.ts'

export const properties: readonly Property[] = [
  unbiased,
  variance,
  orthogonality,
  referenceProperty,
  causality,
  recurrence,
  permutation,
  convexity,
  padding,
  range,
  gradient,
]
