/** The action of rows on a state in formulas: how it lowers natural exponents and shrinks what is not scaled. */
import { add, exponential, load, mod, mul, named, real, size, toReal } from '../equation/build.ts'
import { queryHeadOf } from '../equation/heads.ts'
import type { Head } from '../equation/heads.ts'
import type { Formula } from '../equation.ts'
import type { ActionOperand } from '../schedule.ts'

/** What some rows do. */
export interface Elapsed {
  /** The exponent of a term after these rows. */
  readonly lower: (exponent: Formula) => Formula
  /** A term itself after these rows. */
  readonly shrink: (value: Formula) => Formula
}

/** What `rows` rows of a head do. */
export type CellAction = (head: Head, rows: Formula) => Elapsed

const unchanged: Elapsed = { lower: (exponent) => exponent, shrink: (value) => value }

/** Rows that do nothing: those of the identity, and none at all. */
export const still: CellAction = () => unchanged

/** By the buffer of log₂ γ. */
export function cellAction(action: ActionOperand): CellAction {
  if (action.kind === 'identity') return still
  return (head, rows) => {
    const logarithm = load(action.logarithms, mod(queryHeadOf(head), size('heads')))
    const log = mul(named('logDecay', mul(logarithm, real(Math.LN2))), toReal(rows))
    return {
      lower: (exponent) => add(exponent, log),
      shrink: (value) => mul(value, exponential(log)),
    }
  }
}
