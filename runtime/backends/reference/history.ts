/** The state of a decoding attention in the float64 reference: every key and value row so far. */
import { present } from '../../arguments/form.ts'
import type { CallSizes } from '../../arguments/sizes.ts'
import type { AttentionState, SavedState } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { AttentionError } from '../../errors.ts'
import { markOf } from '../../projection/fingerprint.ts'
import { appended, part } from '../../calls/whole-rows.ts'
import type { ItemRows, Widths } from '../../calls/whole-rows.ts'

type HistorySizes = Pick<CallSizes, 'batch' | 'heads' | 'kvHeads'>

export class History implements AttentionState {
  readonly owner: Drawn
  readonly sizes: HistorySizes
  readonly #widths: Widths
  #items: readonly ItemRows[] | undefined
  #positions: readonly number[]

  constructor(
    owner: Drawn,
    { batch, heads, kvHeads }: HistorySizes,
    { dim, valueDim }: Widths,
    items: readonly ItemRows[],
  ) {
    this.owner = owner
    this.#widths = { dim, valueDim }
    this.sizes = { batch, heads, kvHeads }
    this.#items = items
    this.#positions = items.map(({ position }) => position)
  }

  get position(): number {
    return Math.max(...this.#positions)
  }

  get positions(): readonly number[] {
    return this.#positions
  }

  /** @throws AttentionError once the state is destroyed. */
  get items(): readonly ItemRows[] {
    if (this.#items !== undefined) return this.#items
    throw new AttentionError(
      'destroyed',
      `This state of ${this.owner.name} was destroyed; go on from a copy, or prefill again.`,
    )
  }

  /** One more row of each head: `k` [B, KVH, D], `v` [B, KVH, V]. */
  append(k: Float32Array, v: Float32Array): void {
    const { batch, kvHeads } = this.sizes
    this.#items = this.items.map((item, n) => ({
      position: item.position + 1,
      k: appended(item.k, part(k, batch, n), kvHeads),
      v: appended(item.v, part(v, batch, n), kvHeads),
    }))
    this.#positions = this.#items.map(({ position }) => position)
  }

  /** What these rows leave, behind those that are here: of each batch item its own `added`. */
  followedBy(added: readonly ItemRows[]): History {
    const { kvHeads } = this.sizes
    const items = this.items.map((item, n) => {
      const { position, k, v } = present(added[n], 'rows of a batch item')
      return {
        position: item.position + position,
        k: appended(item.k, k, kvHeads),
        v: appended(item.v, v, kvHeads),
      }
    })
    return new History(this.owner, this.sizes, this.#widths, items)
  }

  copy(): History {
    // Rows are replaced, never written to, so two states may share them.
    return new History(this.owner, this.sizes, this.#widths, this.items)
  }

  async save(): Promise<SavedState> {
    const { sizes, items, position, positions } = this
    const { kvHeads } = sizes
    /** [B, KVH, position, width], zeros where an item has fewer. */
    const all = (name: 'k' | 'v', width: number): Float32Array => {
      const tensor = new Float32Array(items.length * kvHeads * position * width)
      items.forEach((item, n) => {
        const each = item.position * width
        for (let head = 0; head < kvHeads; head++)
          tensor.set(
            item[name].subarray(head * each, (head + 1) * each),
            (n * kvHeads + head) * position * width,
          )
      })
      return tensor
    }
    const tensors = { k: all('k', this.#widths.dim), v: all('v', this.#widths.valueDim) }
    return {
      name: this.owner.name,
      position,
      positions,
      ...sizes,
      capacity: Math.max(1, position),
      ...markOf(this.owner),
      tensors,
    }
  }

  destroy(): void {
    this.#items = undefined
  }
}

/** These rows of each of the heads of [heads, length, width]. */
export function rowsOf(
  tensor: Float32Array,
  heads: number,
  width: number,
  rows: readonly number[],
): Float32Array {
  const chosen = new Float32Array(heads * rows.length * width)
  const length = tensor.length / (heads * width)
  for (let head = 0; head < heads; head++)
    rows.forEach((row, place) => {
      const first = (head * length + row) * width
      chosen.set(tensor.subarray(first, first + width), (head * rows.length + place) * width)
    })
  return chosen
}
