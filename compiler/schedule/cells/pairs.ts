/** Formulas of pairs: κ of a query row and a key row, and which of them are seen. */
import type { Mask } from '../../algebra/attention.ts'
import { placeOfTable } from '../data.ts'
import {
  add,
  all,
  condition,
  le,
  lt,
  mul,
  size,
  smaller,
  termsOf,
  unlessZero,
  named,
} from '../equation/build.ts'
import { rowOf } from '../equation/heads.ts'
import type { Head } from '../equation/heads.ts'
import type { Formula } from '../equation.ts'
import type { Rows, Table, Term } from '../schedule.ts'

/** Query rows, key rows, and the kernel and mask between them. */
export interface Pairs {
  readonly kernel: Term
  readonly mask: Mask
  readonly queries: Rows
  readonly keys: Rows
  /** Entries of a query row and of a key row. */
  readonly dim: number
  /** Weights that the kernel reads by an index of the pair. */
  readonly tables?: readonly Table[]
}

/** κ of a pair, or its exponent and coefficient; no exponent where the coefficient is 0. */
export function pairOf(
  { kernel, queries, keys, dim, tables = [] }: Pairs,
  head: Head,
  row: Formula,
  key: Formula,
): { readonly value: Formula; readonly coefficient: Formula | undefined } {
  const expressions =
    kernel.kind === 'plain'
      ? [kernel.value]
      : [kernel.exponent, ...(kernel.coefficient === undefined ? [] : [kernel.coefficient])]
  const at = (rows: Rows, which: Formula): { buffer: string; start: Formula } => ({
    buffer: rows.buffer,
    start: mul(rowOf(rows, head, which), dim),
  })
  const [first, coefficient] = termsOf({
    expressions,
    rows: {
      q: at(queries, row),
      k: at(keys, key),
      ...Object.fromEntries(
        tables.map((table) => [table.name, { buffer: table.buffer, start: placeOfTable(table, head) }]),
      ),
    },
    scalars: {},
  })
  return { value: unlessZero(first as Formula, coefficient), coefficient }
}

/** The position of a query row: blocks of rows, and rows behind a cache, do not begin at 0. */
const positionOf = ({ count }: Rows, row: Formula, first: Formula): Formula =>
  count === 'length' ? add(first, row) : row

/** Whether a row sees a key; undefined where it sees every key that exists. */
export function seenBy(
  { mask, queries, keys }: Pairs,
  head: Head,
  row: Formula,
  key: Formula,
): Formula | undefined {
  const exists = keys.count === 'visible' || keys.count === 'cached' ? lt(key, head.visible) : undefined
  if (mask.kind === 'none') return exists
  const position = positionOf(queries, row, head.firstPosition)
  if (mask.kind === 'causal') return all(exists, le(key, position))
  return all(exists, condition(mask.condition, { i: position, j: key, length: head.visible }))
}

/** The number of keys that the loop of a row visits; keys after the last one that it may see have no weight. */
export const keysSeen = (
  { mask, queries }: Pairs,
  row: Formula,
  count: Formula,
  first: Formula = size('offset'),
): Formula =>
  mask.kind === 'causal' ? named('seen', smaller(count, add(positionOf(queries, row, first), 1))) : count
