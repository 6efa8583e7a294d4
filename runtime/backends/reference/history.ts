/** The state of a decoding attention in the float64 reference: every key and value row so far. */
import { present } from '../../arguments/form.ts'
import type { CallSizes } from '../../arguments/sizes.ts'
import type { AttentionState, SavedState } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { markOf } from '../../projection/fingerprint.ts'
import { Carried } from '../../calls/carried.ts'
import { appended, part } from '../../calls/whole-sequences.ts'
import type { ItemRows, Widths } from '../../calls/whole-sequences.ts'

type HistorySizes = Pick<CallSizes, 'batch' | 'heads' | 'kvHeads'>

export class History extends Carried<readonly ItemRows[], Drawn> implements AttentionState {
  readonly sizes: HistorySizes
  readonly #widths: Widths
  #positions: readonly number[]

  constructor(
    drawn: Drawn,
    { batch, heads, kvHeads }: HistorySizes,
    { dim, valueDim }: Widths,
    items: readonly ItemRows[],
  ) {
    super(drawn, items)
    this.#widths = { dim, valueDim }
    this.sizes = { batch, heads, kvHeads }
    this.#positions = items.map(({ position }) => position)
  }

  get positions(): readonly number[] {
    return this.#positions
  }

  /** One more row of each head: `k` [B, KVH, D], `v` [B, KVH, V]. */
  append(k: Float32Array, v: Float32Array): void {
    const { batch, kvHeads } = this.sizes
    this.contents = this.contents.map((item, n) => ({
      position: item.position + 1,
      k: appended(item.k, part(k, batch, n), kvHeads),
      v: appended(item.v, part(v, batch, n), kvHeads),
    }))
    this.#positions = this.contents.map(({ position }) => position)
  }

  /** What these rows leave, behind those that are here: of each batch item its own `added`. */
  followedBy(added: readonly ItemRows[]): History {
    const { kvHeads } = this.sizes
    const items = this.contents.map((item, n) => {
      const { position, k, v } = present(added[n], 'rows of a batch item')
      return {
        position: item.position + position,
        k: appended(item.k, k, kvHeads),
        v: appended(item.v, v, kvHeads),
      }
    })
    return new History(this.maker, this.sizes, this.#widths, items)
  }

  copy(): History {
    // Rows are replaced, never written to, so two states may share them.
    return new History(this.maker, this.sizes, this.#widths, this.contents)
  }

  async save(): Promise<SavedState> {
    const { sizes, contents: items, position, positions } = this
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
      name: this.maker.name,
      position,
      positions,
      ...sizes,
      capacity: Math.max(1, position),
      ...markOf(this.maker),
      tensors,
    }
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
