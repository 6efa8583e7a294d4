/** Blocks of one memory: it grows by need, and what is freed is used again before it does. */
import { AttentionError } from '../../errors.ts'
import { alignment } from '../../contract/kernel-table.ts'

const PAGE = 2 ** 16

/** Bytes that memory grows by at the least, so that a length that rises one by one costs few calls of the engine. */
const STRIDE = 2 ** 20

/** A stretch of bytes that nobody has. */
interface Gap {
  start: number
  end: number
}

/** A memory whose bytes from `first` on are handed out. */
export class Heap {
  readonly memory: WebAssembly.Memory
  readonly #first: number
  readonly #most: number
  /** In order; two of them never touch. */
  readonly #gaps: Gap[]
  /** Where each block that is in use ends. */
  readonly #ends = new Map<number, number>()
  #end: number
  /** All of the memory, as long as it was. */
  #all = { numbers: new Float32Array(), words: new Uint32Array() }

  /** @param most bytes that the memory may grow to */
  constructor(memory: WebAssembly.Memory, first: number, most: number) {
    this.memory = memory
    this.#first = first
    this.#most = most
    this.#end = memory.buffer.byteLength
    this.#gaps = [{ start: first, end: this.#end }]
  }

  /** Bytes that can be in use at the most. */
  get capacity(): number {
    return this.#most - this.#first
  }

  /** Bytes that are not in use, those that memory would have to grow by among them. */
  get left(): number {
    return this.#gaps.reduce((sum, { start, end }) => sum + end - start, this.#most - this.#end)
  }

  /** Bytes that the largest further block may have, as far as the engine grows the memory. */
  get room(): number {
    const own = this.#lastGap()
    return this.#gaps.reduce(
      (most, { start, end }) => Math.max(most, end - start),
      this.#most - this.#end + own,
    )
  }

  /**
   * The byte address of a block of so many bytes, with arbitrary contents; views of the memory made before may be
   * detached. Undefined where there is no room.
   */
  allocate(bytes: number): number | undefined {
    const size = Math.max(alignment, Math.ceil(bytes / alignment) * alignment)
    const gap = this.#gaps.find(({ start, end }) => end - start >= size) ?? this.#grow(size)
    if (gap === undefined) return undefined
    const { start } = gap
    gap.start += size
    if (gap.start === gap.end) this.#gaps.splice(this.#gaps.indexOf(gap), 1)
    this.#ends.set(start, start + size)
    return start
  }

  /**
   * As `allocate`, or an error.
   *
   * @throws AttentionError `out-of-memory`
   */
  take(bytes: number): number {
    const address = this.allocate(bytes)
    if (address !== undefined) return address
    throw new AttentionError(
      'out-of-memory',
      `There is no memory for ${bytes} bytes; attentions and their states have ${this.capacity - this.left} of ${this.capacity}.`,
    )
  }

  /** Takes a block back; a block that was taken back before is left alone. */
  free(start: number): void {
    const end = this.#ends.get(start)
    if (end === undefined) return
    this.#ends.delete(start)
    this.#add(start, end)
  }

  /** The memory's numbers, until it grows: that of a byte address is at a quarter of it. */
  get numbers(): Float32Array {
    return this.#views().numbers
  }

  /** The memory's words, in the same way. */
  get words(): Uint32Array {
    return this.#views().words
  }

  #views(): { readonly numbers: Float32Array; readonly words: Uint32Array } {
    const { buffer } = this.memory
    if (this.#all.words.buffer !== buffer)
      this.#all = { numbers: new Float32Array(buffer), words: new Uint32Array(buffer) }
    return this.#all
  }

  /** The last gap, after the memory has grown so that it has so many bytes. */
  #grow(size: number): Gap | undefined {
    const need = this.#end + size - this.#lastGap()
    if (need > this.#most) return undefined
    const wanted = Math.min(this.#most, Math.max(need, this.#end + STRIDE))
    try {
      this.memory.grow(Math.ceil((wanted - this.#end) / PAGE))
    } catch {
      // The engine has no more, whatever was declared.
      return undefined
    }
    const end = this.#end
    this.#end = this.memory.buffer.byteLength
    this.#add(end, this.#end)
    return this.#gaps.at(-1)
  }

  /** Bytes at the end of the memory that nobody has. */
  #lastGap(): number {
    const last = this.#gaps.at(-1)
    return last?.end === this.#end ? last.end - last.start : 0
  }

  #add(start: number, end: number): void {
    const after = this.#gaps.findIndex((gap) => gap.start >= end)
    const at = after < 0 ? this.#gaps.length : after
    const [before, next] = [this.#gaps[at - 1], this.#gaps[at]]
    const [joinsBefore, joinsNext] = [before?.end === start, next?.start === end]
    if (before && joinsBefore) {
      before.end = next && joinsNext ? next.end : end
      if (joinsNext) this.#gaps.splice(at, 1)
    } else if (next && joinsNext) next.start = start
    else this.#gaps.splice(at, 0, { start, end })
  }
}
