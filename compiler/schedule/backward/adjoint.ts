/** Adjoints: what a step of an attention sends back to the rows that it was made of. */
import type { RowOperand } from '../../algebra/attention.ts'
import type { Head } from '../equation/heads.ts'
import type { Formula } from '../equation.ts'
import type { Plan } from '../planner.ts'
import type { Over } from '../schedule.ts'

/** An entry of the gradient of a row. */
export type Entry = (head: Head, row: Formula, column: Formula) => Formula

/** A summand of the gradient of an operand. */
export interface Contribution {
  readonly to: RowOperand
  /** The heads that have such an entry: those of an operand whose heads are fewer add up their own. */
  readonly over: Over
  readonly entry: Entry
}

/** The passes of an adjoint, and what follows from them. */
export interface Adjoint extends Plan {
  readonly contributions: readonly Contribution[]
  /** An entry of the rows of the step, at the cell of a pass, where the passes compute them anew. */
  readonly result?: Formula
}
