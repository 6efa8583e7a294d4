/** A value, with its exponential apart. */
import type { Expression } from '../symbolic/expression.ts'
import { signOf } from '../symbolic/range.ts'
import { splitExponent } from './exponent.ts'
import type { ScaledTerm } from './terms.ts'

/** Of a simplified expression in component form. */
export function scaledTerm(value: Expression): ScaledTerm {
  return { value, ...splitExponent(value), sign: signOf(value) }
}
