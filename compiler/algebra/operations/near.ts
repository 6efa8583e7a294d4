/** Attention among rows that a hash brings together. The reference alone hashes in float64. */
import { printTerm } from '../print-terms.ts'
import type { Near } from '../rows.ts'
import type { OperationRecord } from './record.ts'

/** The record of `near`. */
export const near: OperationRecord<Near> = {
  operands: () => [],
  shape: () => ({ count: undefined, width: undefined }),
  terms: ({ kernel }) => [kernel],
  keysPermutable: () => 'the keys are the rows of the queries',
  prefixStable: () => 'its hash sorts the whole sequence',
  weights: () => 'κ(q_i, k_j) of rows near one another in the order of a hash, k_j = q_j/|q_j| unscaled',
  formula: () => 'near(q, v)',
  details: ({ kernel, hashes, rounds, chunk, seed }) => [
    ...printTerm('kernel', kernel),
    `  hashes      ${hashes} in ${rounds} ${rounds === 1 ? 'round' : 'rounds'} of seed ${seed}; chunks of ${chunk} sorted rows, each with the one before it`,
  ],
}
