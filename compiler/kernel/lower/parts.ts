/** Where an online pass leaves its sums over a stretch of the keys, for `schedule/merge.ts` to put together. */
import type { Rows } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Value } from '../kernel.ts'
import { owner } from './frame.ts'
import { roomOf, sliceQueryHead } from './rows.ts'

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
  const head = parts.of === 'sliceKeyHead' ? owner.slice : sliceQueryHead
  const rows = roomOf(parts.count)
  return {
    start: (part, row) =>
      ir.mul(ir.add(ir.mul(ir.add(ir.mul(head, ir.shape('chunks')), part), rows), row), numbers),
    total: (start) => ir.add(start, valueDim),
    scale: (start) => ir.add(start, valueDim + 1),
  }
}
