/** All that the algebra knows of one kind of row operation. */
import type { Attention } from '../attention.ts'
import type { Call, Head } from '../interpret/call.ts'
import type { RowOperand, RowOperation, RowsShape } from '../rows.ts'
import type { ScaledTerm } from '../terms.ts'

/** Rows of one head, in float64. */
export type Matrix = readonly Float64Array[]

/** One head while its steps are computed. */
export interface Context {
  readonly attention: Attention
  readonly call: Call
  readonly head: Head
  /** Rows of the projection matrix. */
  readonly projection: Matrix
  /** The rows of an operand, computed once. */
  readonly rows: (operand: RowOperand) => Matrix
}

/** A fact of an operation: why it fails, in words; undefined where it holds. */
type Obstacle<Operation> = (operation: Operation) => string | undefined

/** One kind of row operation. Facts that a record leaves out hold of every operation of its kind. */
export interface OperationRecord<Operation extends RowOperation = RowOperation> {
  /** The rows that it takes, in the order of its text. */
  readonly operands: (operation: Operation) => readonly RowOperand[]
  /** Its rows, from those of its operands. */
  readonly shape: (operation: Operation, of: (operand: RowOperand) => RowsShape) => RowsShape
  /** Its rows in float64; absent where the reference alone knows how to compute them. */
  readonly evaluate?: (operation: Operation, context: Context) => Matrix
  /** κ, or the blocks of φ: the factors that its weights are products of. */
  readonly terms?: (operation: Operation) => readonly ScaledTerm[]
  /** Whether keys together with their values may come in another order. */
  readonly keysPermutable?: Obstacle<Operation>
  /** Whether its weights are as positive as its terms. */
  readonly weightsPositive?: Obstacle<Operation>
  /** Whether the rows of a prefix can be computed before the others are there, in words after "cannot decode, since". */
  readonly prefixStable?: Obstacle<Operation>
  /** Its weights, as a formula of a pair of rows; for operations that may be the only step. */
  readonly weights?: (operation: Operation) => string
  /** Its rows, as a formula over the names of its operands. */
  readonly formula: (operation: Operation, name: (operand: RowOperand) => string) => string
  /** Lines below the formula, for `explain`. */
  readonly details?: (operation: Operation, attention: Attention) => readonly string[]
}
