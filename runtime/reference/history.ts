/** The state of a decoding attention in the float64 reference: every key and value row so far. */
import type { CallSizes } from '../arguments/sizes.ts'
import type { AttentionState, SavedState } from '../attention.ts'
import type { Drawn } from '../base-attention.ts'
import { AttentionError } from '../errors.ts'
import { markOf } from '../projection/fingerprint.ts'

type HistorySizes = Pick<CallSizes, 'batch' | 'heads' | 'kvHeads'>

/** A type and no interface, so that it is tensors by name. */
type Rows = {
  /** [B, G, position, D] */
  readonly k: Float32Array
  /** [B, G, position, E] */
  readonly v: Float32Array
  /** [B, position] 0 for keys of the prefix that were past its lengths. */
  readonly seen: Float32Array
}

export class History implements AttentionState {
  readonly owner: Drawn
  readonly sizes: HistorySizes
  #rows: Rows | undefined
  #position: number

  constructor(owner: Drawn, { batch, heads, kvHeads }: HistorySizes, position: number, rows: Rows) {
    this.owner = owner
    this.sizes = { batch, heads, kvHeads }
    this.#position = position
    this.#rows = rows
  }

  get position(): number {
    return this.#position
  }

  /** @throws AttentionError once the state is destroyed. */
  get rows(): Rows {
    if (this.#rows !== undefined) return this.#rows
    throw new AttentionError(
      'destroyed',
      `This state of ${this.owner.name} was destroyed; go on from a copy, or prefill again.`,
    )
  }

  /** One more row of each head: `k` [B, G, D], `v` [B, G, E]. */
  append(k: Float32Array, v: Float32Array): void {
    const { batch, kvHeads } = this.sizes
    const groups = batch * kvHeads
    const before = this.rows
    this.#rows = {
      k: appended(before.k, k, groups),
      v: appended(before.v, v, groups),
      seen: appended(before.seen, new Float32Array(batch).fill(1), batch),
    }
    this.#position++
  }

  copy(): History {
    // Rows are replaced, never written to, so two states may share them.
    return new History(this.owner, this.sizes, this.#position, this.rows)
  }

  async save(): Promise<SavedState> {
    const { k, v, seen } = this.rows
    const { sizes, position } = this
    const tensors = { k: k.slice(), v: v.slice(), seen: seen.slice() }
    return { name: this.owner.name, position, ...sizes, capacity: position, ...markOf(this.owner), tensors }
  }

  destroy(): void {
    this.#rows = undefined
  }
}

/** The last of each group's rows, behind those it has. */
function appended(rows: Float32Array, last: Float32Array, groups: number): Float32Array {
  const [had, adds] = [rows.length / groups, last.length / groups]
  const all = new Float32Array(rows.length + last.length)
  for (let group = 0; group < groups; group++) {
    all.set(rows.subarray(group * had, (group + 1) * had), group * (had + adds))
    all.set(last.subarray(group * adds, (group + 1) * adds), group * (had + adds) + had)
  }
  return all
}
