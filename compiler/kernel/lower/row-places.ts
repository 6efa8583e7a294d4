/**
 * Where the rows of a head begin in a buffer. This is the one place that says it of the caller's tensors, for all kernels.
 */
import { add, mul, shape, u32 } from '../build.ts'
import type { Operand } from '../build.ts'
import type { Value } from '../kernel.ts'
import { owner } from './frame.ts'

/** The rows of one head: row r begins at `start` + r · `pitch`. u32, in numbers of the buffer. */
export interface RowPlaces {
  readonly start: Value
  readonly pitch: Value
}

/** Index of the first number of a row. */
export const rowStart = ({ start, pitch }: RowPlaces, row: Value): Value => add(start, mul(row, pitch))

/** The same rows, counted from one of them. */
export const rowsFrom = (places: RowPlaces, row: Value): RowPlaces => ({
  start: rowStart(places, row),
  pitch: places.pitch,
})

/** Rows that follow one another in the buffer, from the row `first` of the buffer on. */
export const rowsTogether = (first: Value, width: Operand): RowPlaces => ({
  start: mul(first, width),
  pitch: typeof width === 'number' ? u32(width) : width,
})

/**
 * The rows of a head in a tensor of the call, each of `width` numbers: in q and in the result those of a query head,
 * in k and v those of a key/value head. By default the workgroup's heads.
 */
export const rowsOfCall = (
  side: 'query' | 'key',
  width: Operand,
  { queryHead, keyGroup, batchItem }: Pick<typeof owner, 'queryHead' | 'keyGroup' | 'batchItem'> = owner,
): RowPlaces => {
  const [head, ...strides] =
    side === 'query'
      ? ([queryHead, 'headStride', 'itemGap', 'rowStride'] as const)
      : ([keyGroup, 'keyHeadStride', 'keyItemGap', 'keyRowStride'] as const)
  const [headStride, itemGap, rowStride] = strides
  const first = add(mul(head, shape(headStride)), mul(batchItem, shape(itemGap)))
  return { start: mul(first, width), pitch: mul(shape(rowStride), width) }
}
