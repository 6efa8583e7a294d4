/** What a kernel knows of a call's sizes, as buffers. */
import { isBuffer } from '../../arguments/describe.ts'
import { countFields } from '../../arguments/lengths.ts'
import type { CountName } from '../../arguments/lengths.ts'
import { shapeFields, stridesOf } from '../../contract/shape.ts'
import type { Shape } from '../../contract/shape.ts'
import { upload } from './buffers.ts'
import type { Buffers } from './buffers.ts'
import { COPY_DST, SHAPE_STRIDE, STORAGE, UNIFORM } from './constants.ts'

export interface ShapeBuffers {
  /** The uniform at binding 0: every field as u32, then where rows lie, for each slice. */
  readonly shape: GPUBuffer
  /** [B] u32, the rows that count, or the first one's position. */
  readonly lengths: (name: CountName) => GPUBuffer
}

/** As a call gives them; all rows where it does not. */
export type GivenLengths = Readonly<Partial<Record<CountName, Uint32Array | GPUBuffer | undefined>>>

interface Fixed {
  readonly shape: GPUBuffer
  readonly lengths: Map<CountName, GPUBuffer>
}

const SHAPE_USAGE = UNIFORM | COPY_DST
const LENGTHS_USAGE = STORAGE | COPY_DST

/** Sizes kept for commands recorded with `encode`. */
const KEPT = 16

export class ShapeBufferPool {
  readonly #device: GPUDevice
  readonly #buffers: Buffers
  readonly #fixed = new Map<string, Fixed>()

  constructor(device: GPUDevice, buffers: Buffers) {
    this.#device = device
    this.#buffers = buffers
  }

  /** For commands submitted at once: buffers that are written anew by each call. */
  written(slices: readonly Shape[], given: GivenLengths): ShapeBuffers {
    return {
      shape: this.#upload('shape', words(slices), SHAPE_USAGE, true),
      lengths: (name) => {
        const { [name]: lengths = everyRow(slices, name) } = given
        return isBuffer(lengths) ? lengths : this.#upload(name, lengths, LENGTHS_USAGE, true)
      },
    }
  }

  /** For commands that are submitted later: buffers that nobody writes again. */
  fixed(slices: readonly Shape[], given: GivenLengths): ShapeBuffers {
    const shape = words(slices)
    const key = shape.join()
    const found = this.#fixed.get(key) ?? {
      shape: this.#upload('shape', shape, SHAPE_USAGE, false),
      lengths: new Map<CountName, GPUBuffer>(),
    }
    // The one asked for longest ago goes first. Commands may name it, so the garbage collector frees it.
    this.#fixed.delete(key)
    this.#fixed.set(key, found)
    const [oldest] = this.#fixed.keys()
    if (this.#fixed.size > KEPT && oldest !== undefined) this.#fixed.delete(oldest)
    return {
      shape: found.shape,
      lengths: (name) => {
        const { [name]: lengths } = given
        const kept =
          (lengths as GPUBuffer | undefined) ??
          found.lengths.get(name) ??
          this.#upload(name, everyRow(slices, name), LENGTHS_USAGE, false)
        if (lengths === undefined) found.lengths.set(name, kept)
        return kept
      },
    }
  }

  destroy(): void {
    for (const { shape, lengths } of this.#fixed.values()) {
      for (const buffer of [shape, ...lengths.values()]) buffer.destroy()
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
    all.set([...shapeFields.map((field) => shape[field]), ...stridesOf(shape)], (slice * SHAPE_STRIDE) / 4)
  })
  return all
}

function everyRow([shape]: readonly Shape[], name: CountName): Uint32Array {
  return new Uint32Array(shape?.batch ?? 0).fill(shape?.[countFields[name]] ?? 0)
}
