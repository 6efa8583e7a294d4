/** An attention on the float64 reference. */
import type { Open } from '../backend.ts'
import { ReferenceAttention } from './reference-attention.ts'
import { WholeAttention } from './whole-attention.ts'

/** Opens the text of any program. */
export const open: Open = (program, options) =>
  (program.tensors === undefined ? ReferenceAttention : WholeAttention).open(program, options)
