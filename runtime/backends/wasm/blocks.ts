/** Blocks of the machine's memory that an attention keeps from call to call. */
import type { Machine } from './machine.ts'

/** So many numbers, for as long as the block is referred to and not freed. */
export interface Block {
  readonly id: number
  readonly address: number
  readonly size: number
}

/** Those of one attention. */
export class OwnBlocks {
  readonly #machine: Machine
  /** Addresses of those that are not freed. */
  readonly #addresses = new Map<number, number>()
  #count = 0
  /** States that are dropped and not destroyed. */
  readonly #dropped = new FinalizationRegistry<number>((id) => this.#free(id))

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** @throws AttentionError `out-of-memory` */
  make(size: number): Block {
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

  freeAll(): void {
    for (const id of this.#addresses.keys()) this.#free(id)
  }

  #free(id: number): void {
    const address = this.#addresses.get(id)
    if (address === undefined) return
    this.#addresses.delete(id)
    void this.#machine.inOrder(() => this.#machine.heap.free(address))
  }
}
