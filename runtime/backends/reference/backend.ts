/** The float64 reference: slow, and at hand wherever the package attnc is. */
import type { Backend } from '../backend.ts'
import { ReferenceAttention } from './reference-attention.ts'
import { WholeAttention } from './whole-attention.ts'

const instead = 'the CPU in float64, which is slow'

/** The record of the backend reference. */
export const reference: Backend = {
  name: 'reference',
  runs: 'text',
  open: (program, options) =>
    (program.tensors === undefined ? ReferenceAttention : WholeAttention).open(program, options),
  find: async () => ({ device: instead, options: {}, destroy: () => {} }),
  instead,
}
