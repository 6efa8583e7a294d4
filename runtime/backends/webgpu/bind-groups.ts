/** The last bind group of each dispatch, since calls mostly repeat their buffers. */
import type { Dispatch } from '../../program.ts'
import { SHAPE_STRIDE } from './constants.ts'

export class BindGroups {
  readonly #device: GPUDevice
  readonly #label: string
  readonly #last = new Map<
    Dispatch,
    { readonly buffers: readonly GPUBuffer[]; readonly bindGroup: GPUBindGroup }
  >()

  constructor(device: GPUDevice, label: string) {
    this.#device = device
    this.#label = label
  }

  get(
    dispatch: Dispatch,
    pipeline: GPUComputePipeline,
    uniform: GPUBuffer,
    storage: readonly GPUBuffer[],
  ): GPUBindGroup {
    const buffers = [uniform, ...storage]
    const last = this.#last.get(dispatch)
    if (last?.buffers.every((buffer, binding) => buffer === buffers[binding])) return last.bindGroup
    const bindGroup = this.#device.createBindGroup({
      label: `${this.#label} ${dispatch.kernel}`,
      layout: pipeline.getBindGroupLayout(0),
      entries: [
        // One slice of it: the offset comes with the dispatch.
        { binding: 0, resource: { buffer: uniform, size: SHAPE_STRIDE } },
        ...storage.map((buffer, index) => ({ binding: index + 1, resource: { buffer } })),
      ],
    })
    this.#last.set(dispatch, { buffers, bindGroup })
    return bindGroup
  }

  clear(): void {
    this.#last.clear()
  }
}
