/** The state of a decoding attention, in buffers of its backend that are written in place. */
import type { AttentionState, SavedState } from '../attention.ts'
import type { Drawn } from '../base-attention.ts'
import type { CallSizes } from '../arguments/sizes.ts'
import { atTheBeginning } from '../positions.ts'
import { markOf } from '../projection/fingerprint.ts'
import { roomFor } from '../room.ts'
import { Carried } from './carried.ts'

export type StateSizes = Pick<CallSizes, 'batch' | 'heads' | 'kvHeads' | 'capacity'>

/** What a state asks of the attention that made it, with the projection that it had. */
export interface StateKeeper<Buffer> {
  readonly drawn: Drawn
  /** Those of a state of no rows yet. */
  create(sizes: StateSizes): ReadonlyMap<string, Buffer>
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

/** A call that may still be refused. */
interface Pending<Buffer> {
  readonly call: Promise<unknown>
  /** The state that it leaves, and copies that have been made of it since. */
  readonly states: Set<BufferState<Buffer>>
}

/** A state whose buffers are its own, by their names in the form `step`. */
export class BufferState<Buffer> extends Carried<ReadonlyMap<string, Buffer>> implements AttentionState {
  readonly owner: StateKeeper<Buffer>
  #sizes: StateSizes
  /** Calls that may still be refused, each with what shares its fate. */
  readonly #pending = new Set<Pending<Buffer>>()
  positions: readonly number[]

  constructor(
    owner: StateKeeper<Buffer>,
    sizes: StateSizes,
    buffers: ReadonlyMap<string, Buffer>,
    positions: readonly number[],
  ) {
    super(owner.drawn, buffers)
    const { batch, heads, kvHeads, capacity } = sizes
    this.owner = owner
    this.#sizes = { batch, heads, kvHeads, capacity }
    this.positions = positions
  }

  get sizes(): StateSizes {
    return this.#sizes
  }

  /** Room for one more row; capacities double, so that growing costs nothing in the long run. */
  makeRoom(): void {
    if (this.position < this.#sizes.capacity) return
    const capacity = roomFor(this.position + 1)
    const before = this.contents
    this.contents = this.owner.copyState(before, this.#sizes, capacity)
    for (const buffer of before.values()) this.owner.freeState(buffer)
    this.#sizes = { ...this.#sizes, capacity }
  }

  copy(): BufferState<Buffer> {
    return this.#copyFor(this.#sizes.capacity)
  }

  /** Another state with the same contents, and room for so many rows behind them. */
  copyWithRoom(rows: number): BufferState<Buffer> {
    const { capacity } = this.#sizes
    const need = this.position + rows
    return this.#copyFor(need <= capacity ? capacity : roomFor(need))
  }

  #copyFor(capacity: number): BufferState<Buffer> {
    const buffers = this.owner.copyState(this.contents, this.#sizes, capacity)
    const copied = new BufferState(this.owner, { ...this.#sizes, capacity }, buffers, this.positions)
    for (const one of this.#pending) {
      one.states.add(copied)
      copied.#pending.add(one)
    }
    return copied
  }

  /** Settles when all calls so far that the contents come from have, and rejects as the first that is refused. */
  get sound(): Promise<unknown> {
    const calls = Promise.all([...this.#pending].map(({ call }) => call))
    // Where what reads the contents fails, nobody waits for it.
    calls.catch(() => {})
    return calls
  }

  /** The result of a call that goes on from the state. Where it is refused it may be half done, or not at all, and the state goes. */
  async during<T>(call: Promise<T>): Promise<T> {
    const pending = { call, states: new Set<BufferState<Buffer>>([this]) }
    this.#pending.add(pending)
    try {
      return await call
    } catch (thrown) {
      for (const one of pending.states) one.destroy()
      throw thrown
    } finally {
      for (const one of pending.states) one.#pending.delete(pending)
    }
  }

  async save(): Promise<SavedState> {
    const { position, positions, sound } = this
    const tensors = await this.owner.readState(this.contents, this.#sizes)
    await sound
    const { drawn } = this.owner
    return { name: drawn.name, position, positions, ...this.#sizes, ...markOf(drawn), tensors }
  }

  override destroy(): void {
    if (this.isDestroyed) return
    for (const buffer of this.contents.values()) this.owner.freeState(buffer)
    super.destroy()
  }
}

/** A state of no rows yet, with room for as many as its sizes say. */
export const emptyState = <Buffer>(owner: StateKeeper<Buffer>, sizes: StateSizes): BufferState<Buffer> =>
  new BufferState(owner, sizes, owner.create(sizes), atTheBeginning(sizes))

/** What a call gives that reads a state, or where there is none one of no rows, which goes with the call. */
export async function reading<Buffer, R>(
  state: BufferState<Buffer> | undefined,
  owner: StateKeeper<Buffer>,
  sizes: Omit<StateSizes, 'capacity'>,
  call: (buffers: ReadonlyMap<string, Buffer>) => Promise<R>,
): Promise<R> {
  if (state) {
    const { sound } = state
    const result = await call(state.contents)
    await sound
    return result
  }
  const empty = emptyState(owner, { ...sizes, capacity: 1 })
  try {
    return await call(empty.contents)
  } finally {
    empty.destroy()
  }
}
