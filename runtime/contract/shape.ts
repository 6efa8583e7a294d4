/** The sizes of a call: what every kernel of every target is told, and what compiled sizes are written in. */

/** Rows are counted, not bytes. */
export interface Shape {
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
