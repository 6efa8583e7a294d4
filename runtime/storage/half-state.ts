/** The state of a decoding attention whose numbers take 16 bits each while no call has it. */
import type { AttentionState, SavedState, Sizes } from '../attention.ts'
import { Carried } from '../calls/carried.ts'
import { restore, store } from './state-halves.ts'
import type { StateScales, StoredNumbers } from './state-halves.ts'

/** Where each tensor of a state has logarithms, by its name. */
export type ScalesByName = ReadonlyMap<string, StateScales | undefined>

/** What a state holds between calls; not written to, so that copies share it. */
export interface Stored extends Omit<SavedState, 'tensors'> {
  readonly tensors: Readonly<Record<string, StoredNumbers>>
}

export function stored({ tensors, ...facts }: SavedState, scales: ScalesByName): Stored {
  const entries = Object.entries(tensors).map(
    ([name, numbers]) => [name, store(numbers, scales.get(name), facts.position)] as const,
  )
  return { ...facts, tensors: Object.fromEntries(entries) }
}

export function restored({ tensors, ...facts }: Stored, scales: ScalesByName): SavedState {
  const entries = Object.entries(tensors).map(
    ([name, numbers]) => [name, restore(numbers, scales.get(name))] as const,
  )
  return { ...facts, tensors: Object.fromEntries(entries) }
}

/** What a state asks of the attention that made it, with the projection that it had. */
export interface HalfKeeper {
  readonly name: string
  readonly scales: ScalesByName
}

/** Its contents are those after the calls so far. */
export class HalfState extends Carried<Promise<Stored>, HalfKeeper> implements AttentionState {
  readonly sizes: Required<Pick<Sizes, 'batch' | 'heads' | 'kvHeads'>>
  #positions: readonly number[]
  /** Calls that are counted in the positions, and may still be refused. */
  readonly #counted = new Set<Promise<Stored>>()

  constructor(
    keeper: HalfKeeper,
    sizes: Required<Pick<Sizes, 'batch' | 'heads' | 'kvHeads'>>,
    positions: readonly number[],
    contents: Promise<Stored>,
  ) {
    super(keeper, contents)
    const { batch, heads, kvHeads } = sizes
    this.sizes = { batch, heads, kvHeads }
    this.#positions = positions
  }

  get positions(): readonly number[] {
    return this.#positions
  }

  /** The calls that follow go on from `next`; where that rejects the state stays as it was before. */
  follow(next: Promise<Stored>): void {
    const before = this.contents
    this.#positions = this.#positions.map((position) => position + 1)
    this.contents = next.catch(() => before)
    this.#count(next)
  }

  copy(): HalfState {
    const copied = new HalfState(this.maker, this.sizes, this.#positions, this.contents)
    for (const next of this.#counted) copied.#count(next)
    return copied
  }

  /** Takes a call out of the positions where it is refused. */
  #count(next: Promise<Stored>): void {
    this.#counted.add(next)
    const settled = () => this.#counted.delete(next)
    next.then(settled, () => {
      settled()
      this.#positions = this.#positions.map((position) => position - 1)
    })
  }

  async save(): Promise<SavedState> {
    return restored(await this.contents, this.maker.scales)
  }
}
