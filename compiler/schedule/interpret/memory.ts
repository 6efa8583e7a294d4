/** The buffers of a schedule while it is interpreted: rows by the head that owns them. */
import { queryRowsOf } from '../../../runtime/contract/query-lengths.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import type { Only, Over, Rows, RowsOf, Schedule } from '../schedule.ts'

type Numbers = Float32Array | Float64Array

/** The tensors of a call: q [B, H, L, D], k [B, G, S, D], v [B, G, S, E]. */
export interface Call {
  readonly q: Numbers
  readonly k: Numbers
  readonly v: Numbers
  readonly batch: number
  readonly heads: number
  readonly kvHeads: number
  readonly length: number
  readonly keyLength: number
  /** [B] keys that count; all where absent. */
  readonly lengths?: readonly number[]
  /** [B] query rows that count; as `queryRowsOf` says where absent. */
  readonly queryLengths?: readonly number[]
  /** [projections, D] */
  readonly projection?: Numbers | undefined
  /** Run-time weights by name, a matrix of rows for each head. */
  readonly weights?: Readonly<Record<string, Numbers>>
}

/** For whom a pass works: a query head or a key/value head of a batch item, or a head of all of them. */
export interface Owner {
  readonly item: number
  readonly head: number
  readonly kvHead: number
}

/** S and z of a stretch of keys, over 2^scale of each feature. */
export interface State {
  readonly scale: Float64Array
  /** [features][valueDim] */
  readonly sums: readonly Float64Array[]
  readonly weights: Float64Array
}

/** Numerator and denominator over some of the keys, over 2^scale. */
export interface Part {
  readonly scale: number
  readonly numerator: Float64Array
  readonly denominator: number
}

export class Memory {
  readonly call: Call
  readonly projection: readonly Float64Array[]
  /** By buffer and owner. */
  readonly #rows = new Map<string, readonly Float64Array[]>()
  readonly parts = new Map<string, readonly (readonly Part[])[]>()
  /** By group and chunk. */
  readonly states = new Map<string, State>()
  /** By side and row, and of each head. */
  readonly maxima = new Map<string, number>()
  readonly #schedule: Schedule

  constructor(schedule: Schedule, call: Call) {
    this.call = call
    this.#schedule = schedule
    const { dim, valueDim } = schedule
    this.projection =
      call.projection === undefined ? [] : rowsOf(call.projection, 0, call.projection.length / dim, dim)
    for (const owner of this.owners('sliceQueryHead'))
      this.put(
        { buffer: 'q', of: 'queryHead', count: 'length' },
        owner,
        this.#given(call.q, owner.item * call.heads + owner.head, call.length, dim),
      )
    for (const owner of this.owners('sliceKeyHead')) {
      const index = owner.item * call.kvHeads + owner.kvHead
      this.put(
        { buffer: 'k', of: 'keyHead', count: 'visible' },
        owner,
        this.#given(call.k, index, call.keyLength, dim),
      )
      this.put(
        { buffer: 'v', of: 'keyHead', count: 'visible' },
        owner,
        this.#given(call.v, index, call.keyLength, valueDim),
      )
    }
  }

  #given(tensor: Numbers, index: number, count: number, width: number): Float64Array[] {
    return rowsOf(tensor, index * count, count, width)
  }

  owners(over: Over | 'heads' | 'kvHeads'): Owner[] {
    const { batch, heads, kvHeads } = this.call
    const items = over === 'head' ? 1 : batch
    const ofKeys = over === 'sliceKeyHead' || over === 'kvHeads'
    const each = ofKeys ? kvHeads : heads
    return Array.from({ length: items * each }, (_, index) => {
      const own = index % each
      return {
        item: Math.floor(index / each),
        head: ofKeys ? own * (heads / kvHeads) : own,
        kvHead: ofKeys ? own : Math.floor((own * kvHeads) / heads),
      }
    })
  }

  visible({ item }: Owner): number {
    return this.call.lengths?.[item] ?? this.call.keyLength
  }

  /** How many of its query rows count. */
  counted({ item }: Owner): number {
    return queryRowsOf(this.call, item)
  }

  /** Whether a pass for some batch items is for this one. */
  isMeant(only: Only | undefined, owner: Owner): boolean {
    if (only === undefined) return true
    const fewer = Math.min(this.counted(owner), this.visible(owner))
    return (only.fewer === 'atMost') === fewer <= only.rows
  }

  rows(rows: Rows, owner: Owner): readonly Float64Array[] {
    const known = this.#rows.get(this.key(rows, owner)) ?? this.#weight(rows, owner)
    if (rows.count === 'visible') return known.slice(0, this.visible(owner))
    return rows.count === 'counted' ? known.slice(0, this.counted(owner)) : known
  }

  put(rows: Rows, owner: Owner, matrix: readonly Float64Array[]): void {
    this.#rows.set(this.key(rows, owner), matrix)
  }

  key({ buffer, of }: Pick<Rows, 'buffer' | 'of'>, { item, head, kvHead }: Owner): string {
    const { heads, kvHeads } = this.call
    const places: Readonly<Partial<Record<RowsOf, number>>> = {
      queryHead: item * heads + head,
      sliceQueryHead: item * heads + head,
      keyHead: item * kvHeads + kvHead,
      sliceKeyHead: item * kvHeads + kvHead,
      head,
    }
    return `${buffer} ${places[of] ?? 0}`
  }

  /** What the caller gives, a matrix for each head: one kind of landmarks stands in for the other. */
  #weight({ buffer, count }: Rows, { head }: Owner): readonly Float64Array[] {
    const given =
      this.call.weights?.[buffer] ?? this.call.weights?.[buffer === 'queryLandmarks' ? 'landmarks' : buffer]
    invariant(given !== undefined && typeof count === 'number', `the buffer ${buffer} has been written`)
    const width = given.length / (this.call.heads * count)
    return rowsOf(given, head * count, count, width)
  }

  filter(name: string, { head }: Owner, width: number): Float64Array {
    const [row] = this.#weight({ buffer: name, of: 'head', count: 1 }, { item: 0, head, kvHead: 0 })
    invariant(row !== undefined && row.length === width, `the filter ${name} has its width`)
    return row
  }

  output(): Float64Array {
    const { valueDim } = this.#schedule
    const { batch, heads, length } = this.call
    const out = new Float64Array(batch * heads * length * valueDim)
    for (const owner of this.owners('sliceQueryHead')) {
      const matrix = this.rows({ buffer: 'out', of: 'queryHead', count: 'length' }, owner)
      matrix.forEach((row, i) => out.set(row, ((owner.item * heads + owner.head) * length + i) * valueDim))
    }
    return out
  }
}

/** `count` rows from row `first` on. */
function rowsOf(tensor: Numbers, first: number, count: number, width: number): Float64Array[] {
  return Array.from({ length: count }, (_, row) =>
    Float64Array.from(tensor.subarray((first + row) * width, (first + row + 1) * width)),
  )
}
