/** What a call for gradients gives. */
import type { Numbers, ReferenceInputs } from '../inputs.ts'

/** What gradients are taken by beside q, k and v. */
type GradientName = 'weights' | 'projection'

/** The inputs of the reference, with cotangents of the output. */
export interface GradientInputs extends Omit<ReferenceInputs, 'rows'> {
  /** [B, H, L, V] */
  readonly dout: Numbers
  readonly wrt?: readonly GradientName[]
}
