/** Numbers between the host and where kernels read them, and from one size of buffer to another. */
import { isFloat32Array } from '../../arguments/describe.ts'
import { CellKernel, letGo, makeKernel, refusal } from './cell-kernel.ts'
import type { Cells, GpuKernel } from './library.ts'
import type { Machine } from './machine.ts'

const identity = 'function transfer(cells) { return cells[this.thread.x]; }'

const stretch = `function stretch(cells, before) {
  if (this.thread.x < before) { return cells[this.thread.z * before + this.thread.x]; }
  return 0;
}`

export class Transfers {
  readonly #machine: Machine
  #upload: GpuKernel | undefined
  #read: GpuKernel | undefined
  #stretch: CellKernel | undefined

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /**
   * WebAssembly reads the array itself. Under WebGL a kernel makes the texture,
   * so that all textures are laid out alike and a kernel is compiled once.
   */
  upload(numbers: Float32Array): Cells {
    const machine = this.#machine
    if (machine.mode === 'webasm') return numbers
    const parameters = { buffers: 1, integers: 0 }
    try {
      this.#upload ??= makeKernel(machine, identity, parameters, 'Array')
      this.#upload.setOutput([numbers.length, 1, 1])
      const cells = this.#upload(numbers) as Cells
      letGo(this.#upload)
      return cells
    } catch (cause) {
      throw refusal(machine, 'transfer', cause)
    }
  }

  /** What is in the first `count` cells now, whatever becomes of them while the host waits. */
  async read(cells: Cells, count: number): Promise<Float32Array> {
    if (isFloat32Array(cells)) return cells
    const machine = this.#machine
    const parameters = { buffers: 1, integers: 0 }
    const settings = { output: [count], pipeline: false, asyncMode: true }
    try {
      this.#read ??= makeKernel(machine, identity, parameters, cells.type, settings)
      this.#read.setOutput([count])
      // The copy is on its way when this returns.
      const pending = this.#read(cells) as Promise<Float32Array>
      this.#read.setOutput([1])
      return await pending
    } catch (cause) {
      throw refusal(machine, 'transfer', cause)
    }
  }

  /** `parts` parts of `before` cells each, each with room for `after`. */
  stretch(cells: Cells, parts: number, before: number, after: number): Cells {
    this.#stretch ??= new CellKernel(this.#machine, 'stretch', stretch, { buffers: 1, integers: 1 })
    return this.#stretch.run([cells], [before], [after, 1, parts])
  }
}

/** Frees a texture, once nothing else holds it. */
export function free(cells: Cells): void {
  if (!isFloat32Array(cells)) cells.delete()
}

/** Another holder of the same numbers. */
export const share = (cells: Cells): Cells => (isFloat32Array(cells) ? cells : cells.clone())
