/** What a form carries from call to call, as blocks of the machine's memory. */
import { present } from '../../arguments/form.ts'
import type { SavedState } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { checkStateTensors, stateTensors } from '../../calls/state-tensors.ts'
import type { StateKeeper, StateSizes } from '../../calls/buffer-state.ts'
import type { Program } from '../../program.ts'
import type { Block, OwnBlocks } from './blocks.ts'
import type { Machine } from './machine.ts'

type NamedBlocks = ReadonlyMap<string, Block>

/** The states of one attention with one projection. */
export class StateBlocks implements StateKeeper<Block> {
  readonly drawn: Drawn
  readonly #program: Program
  readonly #machine: Machine
  readonly #own: OwnBlocks

  constructor(program: Program, machine: Machine, own: OwnBlocks, drawn: Drawn) {
    this.#program = program
    this.#machine = machine
    this.#own = own
    this.drawn = drawn
  }

  /** Zeros, written at once: no call that is under way has such blocks, since they are given back after it. */
  create(sizes: StateSizes): NamedBlocks {
    const blocks = this.#own.makeAll(stateTensors(this.#program, sizes))
    for (const block of blocks.values()) this.#numbers(block).fill(0)
    return blocks
  }

  /** Each head's rows stay where they are, with room for `capacity` of them. */
  copyState(from: NamedBlocks, sizes: StateSizes, capacity: number): NamedBlocks {
    const copies = this.create({ ...sizes, capacity })
    const heads = sizes.batch * sizes.kvHeads
    void this.#machine.inOrder(() => {
      for (const [name, copy] of copies) {
        const [source, target] = [this.#numbers(present(from.get(name), name)), this.#numbers(copy)]
        // What has no room of its own is copied as one.
        const parts = source.length === target.length ? 1 : heads
        const [each, room] = [source.length / parts, target.length / parts]
        for (let part = 0; part < parts; part++)
          target.set(source.subarray(part * each, (part + 1) * each), part * room)
      }
    })
    return copies
  }

  async readState(blocks: NamedBlocks): Promise<Record<string, Float32Array>> {
    this.#own.assertUsable()
    const contents = await this.#machine.inOrder(() =>
      Object.fromEntries([...blocks].map(([name, block]) => [name, this.#numbers(block).slice()])),
    )
    this.#own.assertUsable()
    return contents
  }

  freeState(block: Block): void {
    this.#own.free(block)
  }

  /** @throws RangeError before anything is allocated, where the tensors are not of their sizes. */
  upload(saved: SavedState): NamedBlocks {
    checkStateTensors(this.#program, saved)
    const blocks = this.#own.makeAll(stateTensors(this.#program, saved))
    for (const [name, block] of blocks) this.#numbers(block).set(present(saved.tensors[name], name))
    return blocks
  }

  #numbers({ address, size }: Block): Float32Array {
    return this.#machine.heap.numbers.subarray(address / 4, address / 4 + size)
  }
}
