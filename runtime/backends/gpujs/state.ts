/** The state of a decoding attention, in arrays or textures that are replaced and never written to. */
import type { AttentionState, SavedState } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { Carried } from '../../calls/carried.ts'
import type { StateSizes } from '../../calls/buffer-state.ts'
import { markOf } from '../../projection/fingerprint.ts'
import { roomFor } from '../../room.ts'
import type { Cells } from './library.ts'
import { free, share } from './transfers.ts'

export type NamedCells = ReadonlyMap<string, Cells>

/** Cells for each name, or for none: where one cannot be made, those that were are freed. */
export function cellsByName<T>(
  entries: Iterable<readonly [string, T]>,
  make: (from: T, name: string) => Cells,
): NamedCells {
  const made = new Map<string, Cells>()
  try {
    for (const [name, from] of entries) made.set(name, make(from, name))
    return made
  } catch (thrown) {
    for (const cells of made.values()) free(cells)
    throw thrown
  }
}

/** What a state asks of the attention that made it, with the projection that it had. */
export interface StateKeeper {
  readonly drawn: Drawn
  /** Those that are not destroyed. Their textures are freed while there are the kernels that made them, or never. */
  readonly states: Set<WeakRef<GpujsState>>
  /** The same contents with room for `capacity` rows; what needs no more room is shared. */
  stretchState(cells: NamedCells, from: StateSizes, capacity: number): NamedCells
  readState(cells: NamedCells, sizes: StateSizes): Promise<Record<string, Float32Array>>
}

export class GpujsState extends Carried<NamedCells> implements AttentionState {
  readonly owner: StateKeeper
  readonly #self: WeakRef<GpujsState> = new WeakRef(this)
  #sizes: StateSizes
  #positions: readonly number[]

  constructor(owner: StateKeeper, sizes: StateSizes, cells: NamedCells, positions: readonly number[]) {
    super(owner.drawn, cells)
    const { batch, heads, kvHeads, capacity } = sizes
    this.owner = owner
    this.#sizes = { batch, heads, kvHeads, capacity }
    this.#positions = positions
    owner.states.add(this.#self)
  }

  get positions(): readonly number[] {
    return this.#positions
  }

  get sizes(): StateSizes {
    return this.#sizes
  }

  /** Room for one more row; capacities double, so that growing costs nothing in the long run. */
  makeRoom(): void {
    if (this.position < this.#sizes.capacity) return
    const capacity = roomFor(this.position + 1)
    this.#replace(this.owner.stretchState(this.contents, this.#sizes, capacity))
    this.#sizes = { ...this.#sizes, capacity }
  }

  /** One token later. */
  advance(cells: NamedCells): void {
    this.#replace(cells)
    this.#positions = this.#positions.map((position) => position + 1)
  }

  copy(): GpujsState {
    const cells = cellsByName([...this.contents], share)
    return new GpujsState(this.owner, this.#sizes, cells, this.#positions)
  }

  async save(): Promise<SavedState> {
    const { position, positions } = this
    const sizes = this.#sizes
    const tensors = await this.owner.readState(this.contents, sizes)
    const { drawn } = this.owner
    return { name: drawn.name, position, positions, ...sizes, ...markOf(drawn), tensors }
  }

  override destroy(): void {
    if (!this.isDestroyed) for (const cells of this.contents.values()) free(cells)
    super.destroy()
    this.owner.states.delete(this.#self)
  }

  #replace(cells: NamedCells): void {
    const before = this.contents
    this.contents = cells
    for (const [name, one] of before) if (cells.get(name) !== one) free(one)
  }
}
