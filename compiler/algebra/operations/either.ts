/** One of two attentions for each batch item, by how many rows it has. */
import type { Either } from '../rows.ts'
import type { OperationRecord } from './record.ts'

/** The record of `either`. */
export const either: OperationRecord<Either> = {
  operands: ({ few, many }) => [few, many],
  shape: ({ many }, of) => of(many),
  evaluate: ({ most, few, many }, { head, rows }) =>
    rows(Math.min(head.queries, head.k.length) <= most ? few : many),
  formula: ({ most, few, many }, name) => `(${name(few)} for at most ${most} rows, else ${name(many)})`,
}
