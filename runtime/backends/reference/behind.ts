/** Rows behind those of a state in the float64 reference: a batch item's whole sequence, of which the state has the first rows. */
import type { CheckedCall } from '../../arguments/call.ts'
import { positionsAfter } from '../../positions.ts'
import { appended, part } from './history.ts'
import type { ItemRows, Widths } from './history.ts'

/** A call of one batch item's whole sequence. */
export function wholeItem(
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

/** Gradients in double precision. */
export interface WideGradients {
  readonly dq: Float64Array
  readonly dk: Float64Array
  readonly dv: Float64Array
  readonly dweights?: Readonly<Record<string, Float64Array>>
  readonly dprojection?: Float64Array
}

/** The rows of a call, and those of the states before and after them. */
export class RowsBehind {
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

  /**
   * The gradients of the rows, and of those of the state before them.
   *
   * @param later those of the state after them, from what comes behind
   * @param gradientsOf gradients of a call
   */
  gradients(
    later: ReadonlyMap<string, Float32Array> | undefined,
    gradientsOf: (whole: CheckedCall) => WideGradients,
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
    const items = this.#items.map((rows, item) => {
      const own = gradientsOf(wholeItem(this.#checked, item, rows, this.#widths))
      this.#share(item, 'k', own.dk, later?.get('k'), found)
      this.#share(item, 'v', own.dv, later?.get('v'), found)
      const all = { numbers: own.dq, rows: rows.position + length, first: rows.position }
      addRows(heads, dim, length, all, { numbers: part(found.dq, batch, item), rows: length, first: 0 })
      return own
    })
    return { ...found, ...ofParameters(items) }
  }

  /** Shares the gradients of all keys or values of an item among the rows of the state and those of the call. */
  #share(
    item: number,
    name: 'k' | 'v',
    own: Float64Array,
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
  const total = (of: (one: WideGradients) => Float64Array | undefined): Float64Array | undefined =>
    first && of(first)?.map((_, n) => items.reduce((sum, one) => sum + (of(one)?.[n] ?? 0), 0))
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
