/**
 * The buffers that an attention keeps. Each grows to the largest size asked of
 * it and is then reused: the queue runs submissions in order, so that a later
 * call may overwrite what an earlier one reads.
 */
import { tag } from '../../arguments/describe.ts'
import { COPY_DST, COPY_SRC, STORAGE } from './constants.ts'

export class Buffers {
  readonly #device: GPUDevice
  readonly #label: string
  readonly #kept = new Map<string, GPUBuffer>()
  /** Commands that somebody else will submit may still name a buffer that has been replaced. */
  #mayDestroy = true

  constructor(device: GPUDevice, label: string) {
    this.#device = device
    this.#label = label
  }

  /** The buffer of this name, of at least so many bytes; its contents last until it grows. */
  get(name: string, bytes: number, usage: number): GPUBuffer {
    const kept = this.#kept.get(name)
    if (kept !== undefined && kept.size >= bytes) return kept
    // Growing by half at least, a length that rises one by one costs few new buffers.
    const { maxBufferSize, maxStorageBufferBindingSize } = this.#device.limits
    const more = Math.ceil(((kept?.size ?? 0) * 1.5) / 4) * 4
    const roomy = Math.max(bytes, Math.min(more, maxBufferSize, maxStorageBufferBindingSize))
    const grown = this.create(name, roomy, usage)
    if (this.#mayDestroy) kept?.destroy()
    this.#kept.set(name, grown)
    return grown
  }

  /** A buffer that somebody else keeps. */
  create(name: string, bytes: number, usage: number): GPUBuffer {
    return this.#device.createBuffer({ label: `${this.#label} ${name}`, size: Math.max(bytes, 4), usage })
  }

  /** From now on replaced buffers are left to the garbage collector. */
  leaveReplaced(): void {
    this.#mayDestroy = false
  }

  /** After a call that the device refused, which may have left buffers that are none. */
  forget(): void {
    if (this.#mayDestroy) return this.destroy()
    this.#kept.clear()
  }

  destroy(): void {
    for (const buffer of this.#kept.values()) buffer.destroy()
    this.#kept.clear()
  }
}

/** Copies what dawn.node does not take: views of shared or resizable memory. */
export function upload(device: GPUDevice, buffer: GPUBuffer, data: Float32Array | Uint32Array): void {
  const memory = data.buffer as ArrayBufferLike & {
    readonly resizable?: boolean
    readonly growable?: boolean
  }
  const plain = tag(memory) === 'ArrayBuffer' && memory.resizable !== true
  device.queue.writeBuffer(buffer, 0, (plain ? data : data.slice()) as Float32Array<ArrayBuffer>)
}

export const KEPT_STORAGE = STORAGE | COPY_SRC | COPY_DST
