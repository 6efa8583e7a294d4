/**
 * The sizes of a call. The letters B, H, KVH, L and S stand for them in the shapes of tensors everywhere, beside D for
 * `dim`, the width of a query and a key, and V for `valueDim`, that of a value.
 */

import type { HeadCounts } from './tensors.ts'

/** The sizes of a caller's tensors. Rows are counted, not bytes. */
export interface CallSizes {
  /** B */
  readonly batch: number
  /** H, query heads */
  readonly heads: number
  /** KVH, key/value heads; divides `heads` */
  readonly kvHeads: number
  /** L, query rows */
  readonly length: number
  /** S, key rows */
  readonly keyLength: number
}

/** The sizes that kernels of all targets are given, and in which compiled sizes are written. */
export interface Shape extends CallSizes, Layout {
  /** Chunks of rows that a state is kept for, as the schedule says. */
  readonly chunks: number
  /** Position of the first query row; 0 but when decoding, and in blocks of rows. */
  readonly offset: number
  /** Rows allocated in a key/value cache; S but when decoding. */
  readonly capacity: number
  /** First group (batch item and state head) of this slice of the call: a call is cut where its scratch would pass a limit. */
  readonly sliceStart: number
  /** Groups in this slice. */
  readonly sliceCount: number
}

/** Where the rows of the caller's tensors lie, where heads are inside rows, and heads of values that are not those of keys. */
export interface Layout extends Omit<HeadCounts, 'heads' | 'kvHeads'> {
  /** [B, L, H, …] and [B, S, KVH, …], in place of [B, H, L, …] and [B, KVH, S, …]. */
  readonly inside?: true | undefined
}

/** The name of a size. */
export type ShapeField = Exclude<keyof Shape, keyof Layout>

/** What kernels may ask of a call: its sizes and its strides. */
export type CallField = ShapeField | StrideField

/** The order of the fields in the shape uniform, each u32. */
export const shapeFields = [
  'batch',
  'heads',
  'kvHeads',
  'length',
  'keyLength',
  'chunks',
  'offset',
  'capacity',
  'sliceStart',
  'sliceCount',
] as const satisfies readonly ShapeField[]

/**
 * Row r of head h, of batch item b, is row h·headStride + b·itemGap + r·rowStride of a caller's tensor. Heads are counted
 * through all items. Of the rows of queries and results, and of those of keys and values; each u32, behind the sizes.
 */
export const strideFields = [
  'headStride',
  'itemGap',
  'rowStride',
  'keyHeadStride',
  'keyItemGap',
  'keyRowStride',
] as const

export type StrideField = (typeof strideFields)[number]

/** In the order of `strideFields`. */
export const stridesOf = ({
  heads,
  kvHeads,
  length,
  keyLength,
  inside,
}: Omit<CallSizes, 'batch'> & Layout): readonly number[] =>
  [
    [heads, length],
    [kvHeads, keyLength],
  ].flatMap(([heads = 1, rows = 1]) => (inside ? [1, heads * (rows - 1), heads] : [rows, 0, 1]))
