/** Blocks of the machine's memory that an attention keeps from call to call. */
import { destroyed } from '../../errors.ts'
import type { Machine } from './machine.ts'

/** So many numbers, for as long as the block is referred to and not freed. */
export interface Block {
  readonly id: number
  readonly address: number
  readonly size: number
}

/** Those of one attention, until it is destroyed. */
export class OwnBlocks {
  readonly #name: string
  readonly #machine: Machine
  /** Addresses of those that are not freed. */
  readonly #addresses = new Map<number, number>()
  #count = 0
  #ended = false
  /** States that are dropped and not destroyed. */
  readonly #dropped = new FinalizationRegistry<number>((id) => this.#free(id))

  /** @param name of the attention, for messages */
  constructor(name: string, machine: Machine) {
    this.#name = name
    this.#machine = machine
  }

  /** Whether they were all given back for good. */
  get ended(): boolean {
    return this.#ended
  }

  /** @throws AttentionError `destroyed` once they are all given back: others may have them by then. */
  assertUsable(): void {
    if (this.#ended) throw destroyed(this.#name)
  }

  /** @throws AttentionError `out-of-memory`, `destroyed` */
  make(size: number): Block {
    this.assertUsable()
    const block = { id: ++this.#count, address: this.#machine.heap.take(size * 4), size }
    this.#addresses.set(block.id, block.address)
    this.#dropped.register(block, block.id)
    return block
  }

  /** All of them, or none where there is no memory for all. */
  makeAll(sizes: readonly { readonly name: string; readonly size: number }[]): ReadonlyMap<string, Block> {
    const made = new Map<string, Block>()
    try {
      for (const { name, size } of sizes) made.set(name, this.make(size))
      return made
    } catch (thrown) {
      for (const block of made.values()) this.free(block)
      throw thrown
    }
  }

  /** Gives a block back when the calls so far are done; may be called again. */
  free({ id }: Block): void {
    this.#free(id)
  }

  /** Gives all of them and the kernels back, and makes no more. */
  freeAll(): void {
    this.#ended = true
    for (const id of this.#addresses.keys()) this.#free(id)
    this.#machine.leaveKernels(this)
  }

  #free(id: number): void {
    const address = this.#addresses.get(id)
    if (address === undefined) return
    this.#addresses.delete(id)
    void this.#machine.inOrder(() => this.#machine.heap.free(address))
  }
}
