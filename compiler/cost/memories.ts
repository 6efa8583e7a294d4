/**
 * Memory as a counted kernel sees it. What f32 arrays hold is not known: every number is taken to be 1, so that
 * conditions on results, such as "the denominator has not vanished", take the way of ordinary rows. Integers of buffers
 * are those that the caller gives; integers of workgroup memory are kept.
 */
import type { Readable } from '../kernel/interpret/access.ts'
import { threadSlot, type Frame } from '../kernel/interpret/frame.ts'

/** What stands for every f32. */
export const unknown = 1

/** What a buffer holds at an index. */
export type Contents = (index: number) => number

/** A storage buffer of so many numbers, which are not stored. */
export class CountedBuffer implements Readable {
  readonly lanes = 1
  readonly size: number
  readonly #contents: Contents

  constructor(size: number, contents: Contents) {
    this.size = size
    this.#contents = contents
  }

  read(_: Frame, index: number): number {
    return this.#contents(index)
  }
}

/** An array of workgroup memory, of which integers are kept. */
export class CountedArray implements Readable {
  readonly lanes = 1
  readonly size: number
  readonly #values: Uint32Array | undefined

  constructor(size: number, integers: boolean) {
    this.size = size
    if (integers) this.#values = new Uint32Array(size)
  }

  read(_: Frame, index: number): number {
    return this.#values?.[index] ?? unknown
  }

  write(index: number, value: number): void {
    if (this.#values !== undefined) this.#values[index] = value
  }
}

/** Which lane of its warp a thread is. */
export const laneOf = (frame: Frame, width: number): number => (frame[threadSlot] ?? 0) % width
