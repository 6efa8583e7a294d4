/** Buffers through which results come back to the host; each call in flight needs one of its own. */
import type { Buffers } from './buffers.ts'
import { COPY_DST, MAP_READ } from './constants.ts'

/** Idle ones kept for the next calls. */
const KEPT = 4

export class Staging {
  readonly #buffers: Buffers
  #idle: GPUBuffer[] = []
  #most = KEPT

  constructor(buffers: Buffers) {
    this.#buffers = buffers
  }

  take(bytes: number): GPUBuffer {
    const index = this.#idle.findIndex(({ size }) => size >= bytes)
    const [found] = index < 0 ? [] : this.#idle.splice(index, 1)
    return found ?? this.#buffers.create('readback', roomy(bytes), MAP_READ | COPY_DST)
  }

  /** What was copied into a buffer of `take`, cut into pieces of these sizes; the buffer is then free again. */
  async read(buffer: GPUBuffer, sizes: readonly number[]): Promise<ArrayBuffer[]> {
    try {
      await buffer.mapAsync(MAP_READ)
      const mapped = buffer.getMappedRange()
      let end = 0
      const pieces = sizes.map((size) => mapped.slice(end, (end += size)))
      buffer.unmap()
      this.#give(buffer)
      return pieces
    } catch (thrown) {
      buffer.destroy()
      throw thrown
    }
  }

  /** Smallest first, so that `take` finds the one that fits best; the largest are kept. */
  #give(buffer: GPUBuffer): void {
    this.#idle = [...this.#idle, buffer].sort((one, other) => one.size - other.size)
    if (this.#idle.length > this.#most) this.#idle.shift()?.destroy()
  }

  /** Those that are being read go when that is done. */
  destroy(): void {
    this.#most = 0
    for (const buffer of this.#idle) buffer.destroy()
    this.#idle = []
  }
}

/** Up to a quarter more, so that a length that rises one by one costs few new buffers. */
function roomy(bytes: number): number {
  const step = 2 ** Math.max(2, Math.floor(Math.log2(bytes)) - 2)
  return Math.ceil(bytes / step) * step
}
