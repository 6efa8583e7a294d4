/** The float64 reference, which is in the package attnc. */
import { AttentionError, messageOf } from '../../errors.ts'
import { loadPackage } from '../../load.ts'
import type { WideGradients } from '../../calls/whole-sequences.ts'

/** [B, H, L, V] of one call; tensors as in `forward`, sizes filled in, run-time weights by name. */
export interface Reference {
  (inputs: Readonly<Record<string, unknown>>): Float64Array
  /** False where the rows have no log-sums. */
  readonly logSums?: boolean
}

/** The gradients of one call; inputs likewise, with `dout`. */
type GradientsOf = (inputs: Readonly<Record<string, unknown>>) => WideGradients

/** Functions of the attention `name` of the file whose text is `source`. */
export interface Package {
  reference(source: string, name: string): Reference
  referenceGradients(source: string, name: string): GradientsOf
}

/** @throws AttentionError `backend` where the package is not there */
export async function loadReference(): Promise<Package> {
  try {
    return (await loadPackage('attnc')) as Package
  } catch (cause) {
    throw new AttentionError(
      'backend',
      `The backend reference is in the package attnc, which was not found (${messageOf(cause)}). Try \`npm install attnc\`.`,
      { cause },
    )
  }
}
