/** What a call brings to a form of cells. */
import type { HostCall } from '../../partial-attention.ts'
import type { NamedCells } from './state.ts'

/** Checked. */
export interface Inputs extends HostCall {
  /** Where each batch item goes on. */
  readonly positions?: Uint32Array
  /** What was carried from the call before; zeros where nothing was. */
  readonly state?: NamedCells
}
