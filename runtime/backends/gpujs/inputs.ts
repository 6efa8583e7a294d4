/** What a call brings to a form of cells. */
import type { CallSizes } from '../../arguments/sizes.ts'
import type { Tensor } from '../../attention.ts'
import type { NamedCells } from './state.ts'

/** Checked. */
export interface Inputs {
  readonly sizes: CallSizes
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly lengths: Uint32Array | undefined
  readonly queryLengths: Uint32Array | undefined
  /** Where each batch item goes on. */
  readonly positions?: Uint32Array
  /** What was carried from the call before; zeros where nothing was. */
  readonly state?: NamedCells
}
