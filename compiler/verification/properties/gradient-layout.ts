/** Where the numbers of a gradient lie: those of the tensor that it is of. */
import type { Call } from '../execution/executor.ts'
import { isParameter } from '../rounding/gradients.ts'
import { type Difference, type Layout, whereIs } from './difference.ts'

/** A parameter counts as one row. */
function shapeOf(
  name: string,
  { batch, heads, kvHeads, length, keyLength }: Call,
): { readonly batch: number; readonly heads: number; readonly rows: number } {
  if (isParameter(name)) return { batch: 1, heads: 1, rows: 1 }
  return name === 'q' ? { batch, heads, rows: length } : { batch, heads: kvHeads, rows: keyLength }
}

/** @param entries of the whole tensor */
export function gradientLayout(name: string, call: Call, entries: number): Layout {
  const { batch, heads, rows } = shapeOf(name, call)
  return {
    heads,
    rows: Array.from({ length: rows }, (_, row) => row),
    valueDim: entries / (batch * heads * rows),
  }
}

/** `row 3, column 1 of head 0`, as short as the tensor's shape allows. */
export const whereInGradient = (name: string, difference: Difference, call: Call): string =>
  whereIs(difference, { ...call, ...shapeOf(name, call) })
