/** The head of a cell, as formulas: its number in the call, and the index of its rows in buffers. */
import { invariant } from '../../diagnostics/invariant.ts'
import type { Formula } from '../equation.ts'
import { headsOfGroup, roomFor } from '../operands.ts'
import type { Groups, Over, Rows } from '../operands.ts'
import { add, div, integer, larger, load, mod, mul, named, size, smaller } from './build.ts'

/** A head, by the numbers of what it owns. All u32. */
export interface Head {
  /** Counts batch items and query heads; absent where a group has several. */
  readonly queryHead?: Formula
  /** Counts batch items and key/value heads. */
  readonly keyGroup: Formula
  readonly batchItem: Formula
  /** The head's number within the call, whatever the batch item. */
  readonly number: Formula
  /** Its group among those of the slice, and among those of the call. */
  readonly sliceGroup: Formula
  readonly group: Formula
  /** Its place among the heads that the pass has cells for. */
  readonly at: Formula
  /** The number of its keys within the length of the batch item. */
  readonly visible: Formula
  /** The number of its query rows without padding, at least 1. */
  readonly counted: Formula
  /** The position of its first row: 0 but in decoding, and in blocks of rows. */
  readonly firstPosition: Formula
}

/** Buffers that a pass binds to know more of each batch item than the sizes of the call. */
export interface Known {
  /** Its own lengths, of keys and of queries; else all rows count. */
  readonly lengths?: boolean
  /** The position of its first new row, behind those of a state; else all items begin at one position. */
  readonly positions?: boolean
  /** Keys are those of a cache, with the new rows behind the others. */
  readonly cached?: boolean
}

/** The head at one place of the pass's box. */
export function headAt(
  groups: Groups,
  of: Over,
  at: Formula,
  { lengths = false, positions = false, cached = false }: Known = {},
): Head {
  const [length, keyLength] = [size('length'), size('keyLength')]
  if (of === 'head')
    return {
      queryHead: at,
      keyGroup: at,
      batchItem: integer(0),
      number: at,
      sliceGroup: at,
      group: at,
      at,
      visible: keyLength,
      counted: length,
      firstPosition: size('offset'),
    }
  const heads = size('heads')
  const kvHeads = size('kvHeads')
  const sliceStart = size('sliceStart')
  const ofQueries = of === 'sliceQueryHead' || groups === 'heads'
  // The slice's first group, counted in query heads where groups are of key/value heads.
  const first = ofQueries && groups === 'kvHeads' ? div(mul(sliceStart, heads), kvHeads) : sliceStart
  const counted = named(ofQueries ? 'queryHead' : 'keyGroup', add(first, at))
  const batchItem = named('batchItem', div(counted, ofQueries ? heads : kvHeads))
  const sliceGroup =
    of === 'sliceQueryHead' && groups === 'kvHeads' ? named('sliceGroup', div(mul(at, kvHeads), heads)) : at
  const firstPosition = positions
    ? named('firstPosition', load('positions', batchItem, 'u32'))
    : size('offset')
  const present = cached ? add(firstPosition, keyLength) : keyLength
  return {
    ...(ofQueries ? { queryHead: counted } : {}),
    batchItem,
    keyGroup: ofQueries ? named('keyGroup', div(mul(counted, kvHeads), heads)) : counted,
    number: named('head', mod(counted, heads)),
    sliceGroup,
    group: add(sliceStart, sliceGroup),
    at,
    visible: lengths ? named('visible', smaller(load('lengths', batchItem, 'u32'), present)) : keyLength,
    counted: lengths
      ? named('queryRows', larger(smaller(load('queryLengths', batchItem, 'u32'), length), 1))
      : length,
    firstPosition,
  }
}

/** Index of a head's first row in the buffer, in rows. */
function firstRow({ of, count }: Rows, head: Head): Formula {
  switch (of) {
    case 'queryHead':
      return add(mul(queryHeadOf(head), size('headStride')), mul(head.batchItem, size('itemGap')))
    case 'keyHead':
      return add(mul(head.keyGroup, size('keyHeadStride')), mul(head.batchItem, size('keyItemGap')))
    case 'tokenHead':
      return mul(head.keyGroup, size(headsOfGroup))
    case 'sliceTokenHead':
      return mul(head.sliceGroup, size(headsOfGroup))
    case 'cachedHead':
      return mul(head.keyGroup, size('capacity'))
    case 'sliceQueryHead':
      return mul(head.at, size(roomFor(count)))
    case 'sliceKeyHead':
      return mul(head.sliceGroup, size(roomFor(count)))
    case 'head':
      return mul(head.number, size(roomFor(count)))
  }
}

/** The query head of a cell of a query row. */
export function queryHeadOf({ queryHead }: Head): Formula {
  invariant(queryHead !== undefined, 'a cell of a query row belongs to a query head')
  return queryHead
}

/** How many rows of the head count. */
export function countRows({ count }: Rows, head: Head): Formula {
  if (count === 'visible' || count === 'cached') return head.visible
  return count === 'counted' ? head.counted : size(roomFor(count))
}

/** Index of a row of a head in the buffer, in rows. */
export function rowOf(rows: Rows, head: Head, row: Formula): Formula {
  const first = firstRow(rows, head)
  if (rows.of === 'queryHead') return add(first, mul(row, size('rowStride')))
  return add(first, rows.of === 'keyHead' ? mul(row, size('keyRowStride')) : row)
}

/** Index of an entry of a row of a head. */
export const entryOf = (rows: Rows, head: Head, row: Formula, width: number, column: Formula): Formula =>
  add(mul(rowOf(rows, head, row), width), column)
