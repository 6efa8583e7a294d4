/**
 * Rows behind those of a state that keeps rows, as a batch item's whole sequence, of which the state has the first ones:
 * on the host, in time that grows with the sequence.
 */
import type { CheckedCall } from '../arguments/call.ts'
import { positionsAfter } from '../positions.ts'

/** Of rows. */
export interface Widths {
  readonly dim: number
  readonly valueDim: number
}

/** Of one batch item. */
export interface ItemRows {
  readonly position: number
  /** [KVH, position, D] */
  readonly k: Float32Array
  /** [KVH, position, V] */
  readonly v: Float32Array
}

/** A call of one batch item's whole sequence. */
export function wholeSequence(
  checked: CheckedCall,
  item: number,
  before: ItemRows,
  { dim, valueDim }: Widths,
): CheckedCall {
  const { sizes, lengths, tensors } = checked
  const { batch, heads, kvHeads, length } = sizes
  const { position } = before
  const rows = {
    q: [new Float32Array(heads * position * dim), heads],
    k: [before.k, kvHeads],
    v: [before.v, kvHeads],
    dout: [new Float32Array(heads * position * valueDim), heads],
  } as const
  const all = position + length
  const count = position + ((lengths as Uint32Array | undefined)?.[item] ?? length)
  return {
    ...checked,
    sizes: { ...sizes, batch: 1, length: all, keyLength: all },
    tensors: new Map(
      [...tensors].flatMap(([name, tensor]) => {
        if (!(name in rows)) return []
        const [first, groups] = rows[name as keyof typeof rows]
        return [[name, appended(first, part(tensor as Float32Array, batch, item), groups)] as const]
      }),
    ),
    lengths: Uint32Array.of(count),
    queryLengths: Uint32Array.of(count),
  }
}

/** Numbers of a tensor that may be in double precision. */
type Numbers = Float32Array | Float64Array

/** Adds `count` rows of each head to others, from one place among so many rows of a head to another. */
export function addRows(
  heads: number,
  width: number,
  count: number,
  from: { readonly numbers: Numbers; readonly rows: number; readonly first: number },
  to: { readonly numbers: Numbers; readonly rows: number; readonly first: number },
): void {
  for (let head = 0; head < heads; head++)
    for (let entry = 0; entry < count * width; entry++) {
      const at = (head * to.rows + to.first) * width + entry
      to.numbers[at] =
        (to.numbers[at] ?? 0) + (from.numbers[(head * from.rows + from.first) * width + entry] ?? 0)
    }
}

/** Gradients of a call, in double precision or not. */
export interface WideGradients {
  readonly dq: Numbers
  readonly dk: Numbers
  readonly dv: Numbers
  readonly dweights?: Readonly<Record<string, Numbers>>
  readonly dprojection?: Numbers
}

/** The sequences that the rows of a call belong to, each with the rows of the state before them. */
export class WholeSequences {
  /** [B] of the states before the rows and after them. */
  readonly positions: readonly number[]
  readonly after: readonly number[]
  readonly #checked: CheckedCall
  readonly #items: readonly ItemRows[]
  readonly #widths: Widths

  constructor(checked: CheckedCall, items: readonly ItemRows[] | undefined, widths: Widths) {
    const { sizes, lengths } = checked
    const none = { position: 0, k: new Float32Array(), v: new Float32Array() }
    this.#checked = checked
    this.#widths = widths
    this.#items = items ?? Array.from({ length: sizes.batch }, () => none)
    this.positions = this.#items.map(({ position }) => position)
    this.after = positionsAfter(sizes, lengths as Uint32Array | undefined).map(
      (added, item) => added + (this.positions[item] ?? 0),
    )
  }

  /** Numbers of the keys and of the values of a state, for as many rows as its longest item has. */
  numbers(positions: readonly number[]): ReadonlyMap<'k' | 'v', number> {
    const { batch, kvHeads } = this.#checked.sizes
    const rows = batch * kvHeads * Math.max(...positions)
    return new Map([
      ['k', rows * this.#widths.dim],
      ['v', rows * this.#widths.valueDim],
    ])
  }

  /** A call of each item's whole sequence. */
  get calls(): readonly CheckedCall[] {
    return this.#items.map((rows, item) => wholeSequence(this.#checked, item, rows, this.#widths))
  }

  /**
   * The gradients of the rows, and of those of the state before them.
   *
   * @param ofWholes those of each item's whole sequence
   * @param later those of the state after them, from what comes behind
   */
  gradients(
    ofWholes: readonly WideGradients[],
    later: ReadonlyMap<string, Float32Array> | undefined,
  ): WideGradients & { readonly k: Float64Array; readonly v: Float64Array } {
    const { batch, heads, kvHeads, length } = this.#checked.sizes
    const { dim, valueDim } = this.#widths
    const before = this.numbers(this.positions)
    const zeros = (count = 0): Float64Array => new Float64Array(count)
    const found = {
      dq: zeros(batch * heads * length * dim),
      dk: zeros(batch * kvHeads * length * dim),
      dv: zeros(batch * kvHeads * length * valueDim),
      k: zeros(before.get('k')),
      v: zeros(before.get('v')),
    }
    for (const [item, own] of ofWholes.entries()) {
      const position = this.positions[item] ?? 0
      this.#share(item, 'k', own.dk, later?.get('k'), found)
      this.#share(item, 'v', own.dv, later?.get('v'), found)
      const all = { numbers: own.dq, rows: position + length, first: position }
      addRows(heads, dim, length, all, { numbers: part(found.dq, batch, item), rows: length, first: 0 })
    }
    return { ...found, ...ofParameters(ofWholes) }
  }

  /** Shares the gradients of all keys or values of an item among the rows of the state and those of the call. */
  #share(
    item: number,
    name: 'k' | 'v',
    own: Numbers,
    later: Float32Array | undefined,
    found: Readonly<Record<'dk' | 'dv' | 'k' | 'v', Float64Array>>,
  ): void {
    const { batch, kvHeads, length } = this.#checked.sizes
    const width = name === 'k' ? this.#widths.dim : this.#widths.valueDim
    const position = this.positions[item] ?? 0
    const all = { numbers: own, rows: position + length, first: 0 }
    const placed = (of: Float64Array | Float32Array, rows: number) => ({
      numbers: part(of, batch, item),
      rows,
      first: 0,
    })
    if (later) addRows(kvHeads, width, this.after[item] ?? 0, placed(later, Math.max(...this.after)), all)
    addRows(kvHeads, width, position, all, placed(found[name], Math.max(...this.positions)))
    addRows(kvHeads, width, length, { ...all, first: position }, placed(found[`d${name}`], length))
  }
}

/** Gradients of the projection and of weights, of all items together. */
function ofParameters(items: readonly WideGradients[]): Pick<WideGradients, 'dweights' | 'dprojection'> {
  const [first] = items
  const total = (of: (one: WideGradients) => Numbers | undefined): Float64Array | undefined =>
    first &&
    of(first) &&
    Float64Array.from(of(first) ?? [], (_, n) => items.reduce((sum, one) => sum + (of(one)?.[n] ?? 0), 0))
  const dprojection = total((one) => one.dprojection)
  const weights = Object.keys(first?.dweights ?? {}).flatMap((name) => {
    const of = total((one) => one.dweights?.[name])
    return of ? [[name, of] as const] : []
  })
  return {
    ...(dprojection && { dprojection }),
    ...(first?.dweights && { dweights: Object.fromEntries(weights) }),
  }
}

/** Of a tensor of so many equal parts, part n. */
export const part = <Numbers extends Float32Array | Float64Array>(
  tensor: Numbers,
  parts: number,
  n: number,
): Numbers => tensor.subarray((tensor.length / parts) * n, (tensor.length / parts) * (n + 1)) as Numbers

/** Rows of each group, behind those it has. */
export function appended(rows: Float32Array, last: Float32Array, groups: number): Float32Array {
  const [had, adds] = [rows.length / groups, last.length / groups]
  const all = new Float32Array(rows.length + last.length)
  for (let group = 0; group < groups; group++) {
    all.set(rows.subarray(group * had, (group + 1) * had), group * (had + adds))
    all.set(last.subarray(group * adds, (group + 1) * adds), group * (had + adds) + had)
  }
  return all
}
