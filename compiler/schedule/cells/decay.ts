/** What decay does to exponents, and where φ of a row lies. */
import { add, load, mod, mul, named, size, toReal } from '../equation/build.ts'
import { queryHeadOf } from '../equation/heads.ts'
import type { Head } from '../equation/heads.ts'
import type { Formula } from '../equation.ts'
import type { FactorisedPlan } from './plan.ts'

/** ln γ of the head for each of so many rows, added to an exponent; undefined where nothing decays. */
export function fadedBy({ decays }: FactorisedPlan, head: Head, rows: Formula): Formula | undefined {
  if (!decays) return undefined
  const logDecay = named('logDecay', load('decay', mod(queryHeadOf(head), size('heads'))))
  return mul(logDecay, toReal(rows))
}

/** An exponent that has faded. */
export const shifted = (exponent: Formula, by: Formula | undefined): Formula =>
  by === undefined ? exponent : add(exponent, by)

/** Index of a component of φ of a row, where each of so many rows of a head has one. */
export const featureAt = (
  { features }: FactorisedPlan,
  head: Formula,
  rows: Formula,
  row: Formula,
  feature: Formula,
): Formula => add(mul(add(mul(head, rows), row), features), feature)
