/**
 * Passes over the rows of any buffer: which heads a workgroup works for, where
 * their rows are, and which batch items the pass is for.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import type { Only, Over, Rows } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Operand } from '../build.ts'
import type { Author } from '../author.ts'
import type { Statement, Value } from '../kernel.ts'
import { countedOf, divide, groupNames, headsPerGroup, owner, u32Name, visible } from './frame.ts'
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
    case 'cachedHead':
      return together(owner.keyGroup, ir.shape('capacity'))
    case 'sliceQueryHead':
      return together(sliceQueryHead, fixed(count))
    case 'sliceKeyHead':
      return together(owner.slice, fixed(count))
    case 'head':
      return together(
        over === 'head' ? u32Name('head') : ir.mod(owner.queryHead, ir.shape('heads')),
        fixed(count),
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
  return count === 'length' ? ir.shape('length') : ir.u32(count)
}

/** The row count as a plain number; throws for rows whose count depends on the call. */
export function fixed(count: Rows['count']): number {
  invariant(typeof count === 'number', 'heads that are not those of the call have rows of their own count')
  return count
}

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
