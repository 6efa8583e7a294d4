/** The value of a term: coefficient · 2^exponent, or as written. */
import { type Environment, evaluateScalar } from '../../symbolic/evaluate.ts'
import type { Term } from '../schedule.ts'

export interface Scaled {
  readonly coefficient: number
  readonly exponent: number
}

export function evaluateTerm(term: Term, environment: Environment): Scaled {
  if (term.kind === 'plain') return { coefficient: evaluateScalar(term.value, environment), exponent: 0 }
  const { coefficient, exponent } = term
  return {
    coefficient: coefficient === undefined ? 1 : evaluateScalar(coefficient, environment),
    exponent: evaluateScalar(exponent, environment),
  }
}
