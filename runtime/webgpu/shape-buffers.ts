/** What a kernel knows of a call's sizes, as buffers. */
import { isBuffer } from '../arguments/describe.ts'
import { shapeFields } from '../program.ts'
import type { Shape } from '../program.ts'
import { upload } from './buffers.ts'
import type { Buffers } from './buffers.ts'
import { BufferUsage, SHAPE_STRIDE } from './constants.ts'

export interface ShapeBuffers {
  /** The uniform at binding 0: every field as u32, a stride per slice. */
  readonly shape: GPUBuffer
  /** [B] u32, the keys that count. */
  readonly lengths: GPUBuffer
}

const SHAPE_USAGE = BufferUsage.UNIFORM | BufferUsage.COPY_DST
const LENGTHS_USAGE = BufferUsage.STORAGE | BufferUsage.COPY_DST

/** Sizes kept for commands recorded with `encode`. */
const KEPT = 16

export class ShapeBufferPool {
  readonly #device: GPUDevice
  readonly #buffers: Buffers
  readonly #fixed = new Map<string, ShapeBuffers>()

  constructor(device: GPUDevice, buffers: Buffers) {
    this.#device = device
    this.#buffers = buffers
  }

  /** For commands submitted at once: two buffers, written anew by each call. */
  written(slices: readonly Shape[], lengths: Uint32Array | GPUBuffer | undefined): ShapeBuffers {
    const shape = this.#upload('shape', words(slices), SHAPE_USAGE, true)
    if (isBuffer(lengths)) return { shape, lengths }
    return { shape, lengths: this.#upload('lengths', lengths ?? everyKey(slices), LENGTHS_USAGE, true) }
  }

  /** For commands that are submitted later: buffers that nobody writes again. */
  fixed(slices: readonly Shape[]): ShapeBuffers {
    const shape = words(slices)
    const key = shape.join()
    const found = this.#fixed.get(key) ?? {
      shape: this.#upload('shape', shape, SHAPE_USAGE, false),
      lengths: this.#upload('lengths', everyKey(slices), LENGTHS_USAGE, false),
    }
    // The one asked for longest ago goes first. Commands may name it, so the garbage collector frees it.
    this.#fixed.delete(key)
    this.#fixed.set(key, found)
    const [oldest] = this.#fixed.keys()
    if (this.#fixed.size > KEPT && oldest !== undefined) this.#fixed.delete(oldest)
    return found
  }

  destroy(): void {
    for (const { shape, lengths } of this.#fixed.values()) {
      shape.destroy()
      lengths.destroy()
    }
    this.#fixed.clear()
  }

  #upload(name: string, data: Uint32Array, usage: number, reuse: boolean): GPUBuffer {
    const buffers = this.#buffers
    const buffer = reuse
      ? buffers.get(name, data.byteLength, usage)
      : buffers.create(name, data.byteLength, usage)
    upload(this.#device, buffer, data)
    return buffer
  }
}

function words(slices: readonly Shape[]): Uint32Array {
  const all = new Uint32Array((slices.length * SHAPE_STRIDE) / 4)
  slices.forEach((shape, slice) => {
    all.set(
      shapeFields.map((field) => shape[field]),
      (slice * SHAPE_STRIDE) / 4,
    )
  })
  return all
}

function everyKey([shape]: readonly Shape[]): Uint32Array {
  return new Uint32Array(shape?.batch ?? 0).fill(shape?.keyLength ?? 0)
}
