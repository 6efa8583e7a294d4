/** The expectation of a value over a projection row, by the law of that row. */
import { gaussianMean, type Completed } from './gaussian.ts'
import { seesProjection } from './quadratic.ts'
import { add } from './ring/arithmetic.ts'
import type { Value } from './ring/value.ts'
import { sphericalMean } from './sphere.ts'

/** Projection rows are N(0, I), or uniform on the sphere of radius √dim. */
export type Law = 'normal' | 'spherical'

/** An expectation in closed form. */
export interface Mean {
  readonly value: Value
  /** The terms whose square was completed; none for a sphere. */
  readonly completed: readonly Completed[]
}

/** @throws Divergent where it is infinite or undefined, OutOfReach where it has no closed form here */
export function mean(integrand: Value, law: Law, dim: number): Mean {
  const still = integrand.filter((part) => !seesProjection([part]))
  const moving = integrand.filter((part) => seesProjection([part]))
  if (law === 'spherical')
    return { value: add(still, ...moving.map((part) => sphericalMean(part, dim))), completed: [] }
  const completed = moving.map((part) => gaussianMean(part, dim))
  return { value: add(still, ...completed.map(({ value }) => value)), completed }
}
