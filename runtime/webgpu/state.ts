/** The state of a decoding attention, in buffers on its device. */
import type { AttentionState } from '../attention.ts'
import type { CallSizes } from '../arguments/sizes.ts'

export class WebgpuState implements AttentionState {
  readonly sizes: Pick<CallSizes, 'batch' | 'heads' | 'kvHeads' | 'capacity'>
  readonly buffers: ReadonlyMap<string, GPUBuffer>
  /** The attention that made it. */
  readonly owner: object
  position: number

  constructor(owner: object, sizes: CallSizes, buffers: ReadonlyMap<string, GPUBuffer>) {
    const { batch, heads, kvHeads, capacity, keyLength } = sizes
    this.owner = owner
    this.sizes = { batch, heads, kvHeads, capacity }
    this.buffers = buffers
    this.position = keyLength
  }

  destroy(): void {
    for (const buffer of this.buffers.values()) buffer.destroy()
  }
}
