// Key lengths as calls have them.
import type { Sizes } from '../numeric/harness.ts'

export const lengthsOf = ({ lengths }: Sizes): { readonly lengths?: Uint32Array<ArrayBuffer> } =>
  lengths === undefined ? {} : { lengths: Uint32Array.from(lengths) }
