/** How decay lowers exponents, and the index of φ of a row. */
import { add, load, mod, mul, named, size, toReal } from '../equation/build.ts'
import { queryHeadOf } from '../equation/heads.ts'
import type { Head } from '../equation/heads.ts'
import type { Formula } from '../equation.ts'
import type { FactorisedPlan } from './plan.ts'

/** rows · ln γ of the head, to add to a natural exponent; undefined where nothing decays. */
export function fadedBy({ decays }: FactorisedPlan, head: Head, rows: Formula): Formula | undefined {
  if (!decays) return undefined
  const logDecay = named('logDecay', load('decay', mod(queryHeadOf(head), size('heads'))))
  return mul(logDecay, toReal(rows))
}

/** An exponent lowered by decay. */
export const shifted = (exponent: Formula, by: Formula | undefined): Formula =>
  by === undefined ? exponent : add(exponent, by)

/** Index of a component of φ in a buffer [heads, rows, features]. */
export const featureAt = (
  { features }: FactorisedPlan,
  head: Formula,
  rows: Formula,
  row: Formula,
  feature: Formula,
): Formula => add(mul(add(mul(head, rows), row), features), feature)
