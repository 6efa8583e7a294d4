/**
 * Passes over the rows of any buffer: which heads a workgroup works for, where
 * their rows are, and which batch items the pass is for.
 */
import { roomFor } from '../../schedule/schedule.ts'
import type { Only, Over, Rows } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Operand } from '../build.ts'
import type { Author } from '../author.ts'
import type { Statement, Value } from '../kernel.ts'
import { countedOf, divide, groupNames, headsPerGroup, owner, sizeValue, u32Name, visible } from './frame.ts'
import type { Counts } from './frame.ts'
import { rowsOfCall, rowsTogether } from './row-places.ts'
import type { RowPlaces } from './row-places.ts'

/** Peels `parts` off the workgroup's index; what remains tells the head, for which it gives the names. */
export function headNames(
  over: Over,
  parts: readonly (readonly [string, Operand])[],
  counts: Counts,
): Statement[] {
  switch (over) {
    case 'head':
      return divide(parts, 'head')
    case 'sliceKeyHead':
      return [...divide(parts, 'slice'), ...groupNames(counts, 'kvHeads', false)]
    case 'sliceQueryHead':
      return [...divide([...parts, ['headInGroup', headsPerGroup]], 'slice'), ...groupNames(counts)]
  }
}

/** Where the rows of a head begin in the buffer, each of `width` numbers. */
export function placesOf({ of, count }: Rows, over: Over, width: Operand): RowPlaces {
  const together = (head: Value, rows: Operand): RowPlaces => rowsTogether(ir.mul(head, rows), width)
  switch (of) {
    case 'queryHead':
      return rowsOfCall('query', width)
    case 'keyHead':
      return rowsOfCall('key', width)
    case 'tokenHead':
      return together(owner.keyGroup, headsPerGroup)
    case 'sliceTokenHead':
      return together(owner.slice, headsPerGroup)
    case 'cachedHead':
      return together(owner.keyGroup, ir.shape('capacity'))
    case 'sliceQueryHead':
      return together(sliceQueryHead, roomOf(count))
    case 'sliceKeyHead':
      return together(owner.slice, roomOf(count))
    case 'head':
      return together(
        over === 'head' ? u32Name('head') : ir.mod(owner.queryHead, ir.shape('heads')),
        roomOf(count),
      )
  }
}

/** The same places, with a name for where the first row begins. */
export const namedPlaces = (k: Author, word: string, { start, pitch }: RowPlaces): RowPlaces => ({
  start: k.let(word, start),
  pitch,
})

/** The query head of the workgroup, counted over the query heads of the slice. */
export const sliceQueryHead = ir.add(ir.mul(owner.slice, headsPerGroup), owner.headInGroup)

/**
 * How many rows a head has, as a u32 value: visible keys, counted queries, the sequence length or a
 * constant.
 */
export function countOf({ count }: Rows, counts: Counts): Value {
  if (count === 'visible' || count === 'cached') return visible
  if (count === 'counted') return countedOf(counts)
  if (count === 'heads') return headsPerGroup
  return typeof count === 'number' ? ir.u32(count) : ir.shape(count)
}

/** How many rows a head has room for, whatever its batch item's lengths are. */
export const roomOf = (count: Rows['count']): Value =>
  count === 'heads' ? headsPerGroup : sizeValue(roomFor(count))

/** Runs `body` under a condition on the batch item's row count if the pass is only for some batch items. */
export function guarded(k: Author, only: Only | undefined, counts: Counts, body: () => void): void {
  if (only === undefined) {
    body()
    return
  }
  const fewer = k.let('fewer', ir.call('min', countedOf(counts), visible))
  const compare = only.fewer === 'atMost' ? ir.le : ir.gt
  k.if(compare(fewer, only.rows), body)
}
