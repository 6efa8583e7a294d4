/**
 * The sizes of a call. The letters B, H, KVH, L and S stand for them in the shapes of tensors everywhere, beside D for
 * `dim`, the width of a query and a key, and V for `valueDim`, that of a value.
 */

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
export interface Shape extends CallSizes {
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

/** The name of a size. */
export type ShapeField = keyof Shape

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
