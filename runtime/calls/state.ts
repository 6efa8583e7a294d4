/** The state of a decoding attention, in buffers of its backend that are written in place. */
import type { AttentionState, SavedState } from '../attention.ts'
import type { Drawn } from '../base-attention.ts'
import { AttentionError } from '../errors.ts'
import type { CallSizes } from '../arguments/sizes.ts'
import { markOf } from '../projection/fingerprint.ts'
import { roomFor } from '../room.ts'

export type StateSizes = Pick<CallSizes, 'batch' | 'heads' | 'kvHeads' | 'capacity'>

/** What a state asks of the attention that made it, with the projection that it had. */
export interface StateKeeper<Buffer> {
  readonly drawn: Drawn
  /** The same contents in buffers with room for `capacity` rows. */
  copyState(
    buffers: ReadonlyMap<string, Buffer>,
    from: StateSizes,
    capacity: number,
  ): ReadonlyMap<string, Buffer>
  readState(
    buffers: ReadonlyMap<string, Buffer>,
    sizes: StateSizes,
  ): Promise<Readonly<Record<string, Float32Array>>>
  /** Frees a buffer when what was asked of it before is done. */
  freeState(buffer: Buffer): void
}

/** A state whose buffers are its own, by their names in the form `step`. */
export class KeptState<Buffer> implements AttentionState {
  readonly owner: StateKeeper<Buffer>
  #sizes: StateSizes
  #buffers: ReadonlyMap<string, Buffer>
  #destroyed = false
  /** Calls that may still be refused: copies that have been made since of what each leaves. */
  readonly #pending = new Set<Set<KeptState<Buffer>>>()
  positions: readonly number[]

  constructor(
    owner: StateKeeper<Buffer>,
    sizes: StateSizes,
    buffers: ReadonlyMap<string, Buffer>,
    positions: readonly number[],
  ) {
    const { batch, heads, kvHeads, capacity } = sizes
    this.owner = owner
    this.#sizes = { batch, heads, kvHeads, capacity }
    this.#buffers = buffers
    this.positions = positions
  }

  get position(): number {
    return Math.max(...this.positions)
  }

  get sizes(): StateSizes {
    return this.#sizes
  }

  /** @throws AttentionError once the state is destroyed. */
  get buffers(): ReadonlyMap<string, Buffer> {
    if (this.#destroyed)
      throw new AttentionError(
        'destroyed',
        `This state of ${this.owner.drawn.name} was destroyed; go on from a copy, or prefill again.`,
      )
    return this.#buffers
  }

  /** Room for one more row; capacities double, so that growing costs nothing in the long run. */
  makeRoom(): void {
    if (this.position < this.#sizes.capacity) return
    const capacity = roomFor(this.position + 1)
    const grown = this.owner.copyState(this.buffers, this.#sizes, capacity)
    for (const buffer of this.#buffers.values()) this.owner.freeState(buffer)
    this.#buffers = grown
    this.#sizes = { ...this.#sizes, capacity }
  }

  copy(): KeptState<Buffer> {
    return this.#copyFor(this.#sizes.capacity)
  }

  /** Another state with the same contents, and room for so many rows behind them. */
  copyWithRoom(rows: number): KeptState<Buffer> {
    const { capacity } = this.#sizes
    const need = this.position + rows
    return this.#copyFor(need <= capacity ? capacity : roomFor(need))
  }

  #copyFor(capacity: number): KeptState<Buffer> {
    const buffers = this.owner.copyState(this.buffers, this.#sizes, capacity)
    const copied = new KeptState(this.owner, { ...this.#sizes, capacity }, buffers, this.positions)
    for (const copies of this.#pending) {
      copies.add(copied)
      copied.#pending.add(copies)
    }
    return copied
  }

  /** The result of a call that goes on from the state. Where it is refused it may be half done, or not at all, and the state goes. */
  async during<T>(call: Promise<T>): Promise<T> {
    const copies = new Set<KeptState<Buffer>>([this])
    this.#pending.add(copies)
    try {
      return await call
    } catch (thrown) {
      for (const one of copies) one.destroy()
      throw thrown
    } finally {
      for (const one of copies) one.#pending.delete(copies)
    }
  }

  async save(): Promise<SavedState> {
    const { position, positions } = this
    const tensors = await this.owner.readState(this.buffers, this.#sizes)
    const { drawn } = this.owner
    return { name: drawn.name, position, positions, ...this.#sizes, ...markOf(drawn), tensors }
  }

  destroy(): void {
    if (this.#destroyed) return
    this.#destroyed = true
    for (const buffer of this.#buffers.values()) this.owner.freeState(buffer)
  }
}
