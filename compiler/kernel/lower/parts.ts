/** Where an online pass leaves its sums over a stretch of the keys, for `schedule/merge.ts` to put together. */
import type { Rows } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Value } from '../kernel.ts'
import { owner, u32Name } from './frame.ts'
import { roomOf, sliceQueryHead } from './rows.ts'

/** The head of the workgroup, among those that have parts. */
function headOf({ of }: Rows): Value {
  if (of === 'head') return u32Name('head')
  return of === 'sliceKeyHead' ? owner.slice : sliceQueryHead
}

/** Per head of the slice, part and row: numerators, denominator, and the scale of both. */
interface PartLayout {
  readonly start: (part: Value, row: Value) => Value
  readonly total: (start: Value) => Value
  readonly scale: (start: Value) => Value
}

/**
 * The layout of the sums over one part of the keys: `valueDim` numerators, the denominator, and the log-
 * scale where sums are scaled.
 */
export function partLayout(parts: Rows, valueDim: number, scaled: boolean): PartLayout {
  const numbers = valueDim + (scaled ? 2 : 1)
  const head = headOf(parts)
  const rows = roomOf(parts.count)
  return {
    start: (part, row) =>
      ir.mul(ir.add(ir.mul(ir.add(ir.mul(head, ir.shape('chunks')), part), rows), row), numbers),
    total: (start) => ir.add(start, valueDim),
    scale: (start) => ir.add(start, valueDim + 1),
  }
}
