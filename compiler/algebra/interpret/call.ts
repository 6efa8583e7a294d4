/** The call of an attention that is interpreted. */
import type { CallSizes } from '../../../runtime/contract/shape.ts'

export type Numbers = Float32Array | Float64Array

/** q [B, H, L, D], k [B, KVH, S, D], v [B, KVH, S, V]. */
export interface Call extends CallSizes {
  readonly q: Numbers
  readonly k: Numbers
  readonly v: Numbers
  /** [B] keys that count; all where absent. */
  readonly lengths?: readonly number[]
  /** [B] query rows that count; as `queryRowsOf` says where absent. */
  readonly queryLengths?: readonly number[]
  /** [projections, D] */
  readonly projection?: Numbers | undefined
  /** Declared inputs by name, of the shapes that `runtime/contract/tensors.ts` says. */
  readonly inputs?: Readonly<Record<string, Numbers>>
  /** Run-time weights by name, a matrix of rows for each head, and declared ones. */
  readonly weights?: Readonly<Record<string, Numbers>>
}

/** What one head of a batch item has, rows multiplied by √scale. */
export interface Head {
  /** Of the batch. */
  readonly item: number
  readonly index: number
  readonly q: readonly Float64Array[]
  /** How many of them count. */
  readonly queries: number
  readonly k: readonly Float64Array[]
  readonly v: readonly Float64Array[]
}

/** `count` rows from row `first` on. */
export function rowsOf(
  tensor: Numbers,
  first: number,
  count: number,
  width: number,
  factor: number,
): Float64Array[] {
  return Array.from({ length: count }, (_, row) =>
    Float64Array.from(
      tensor.subarray((first + row) * width, (first + row + 1) * width),
      (entry) => entry * factor,
    ),
  )
}
