/**
 * A weight in the denominator of every row beside those of its keys, as passes and equations see it: its logarithm,
 * which heads and weights say. It joins a row's sum where that is divided by, over the scale of the row.
 */
import type { Attend, Attention } from '../algebra/attention.ts'
import { traverse } from '../symbolic/traverse.ts'
import { placeOfTable, tablesOf } from './data.ts'
import { add, load, mod, mul, named, size, termsOf, toReal } from './equation/build.ts'
import type { Head } from './equation/heads.ts'
import type { Formula } from './equation.ts'
import { headsOfGroup } from './operands.ts'
import type { Beside, Table } from './schedule.ts'

/** That of a step, if it has one. */
export function besideOf(
  { beside }: Attend,
  attention: Pick<Attention, 'data'>,
): { readonly beside?: Beside } {
  if (beside === undefined) return {}
  const isSeenByEntries = ({ name }: Table): boolean =>
    traverse(beside).some((node) => node.kind === 'element' && node.vector === name)
  const tables = tablesOf(attention, { value: beside })
  const [vectors, numbers] = [true, false].map((asVector) =>
    tables.filter((table) => isSeenByEntries(table) === asVector),
  ) as [Table[], Table[]]
  return { beside: { exponent: beside, vectors, numbers } }
}

/** The buffers of what it sees. */
export const buffersOfBeside = (beside: Beside | undefined): readonly string[] =>
  beside === undefined ? [] : [...beside.vectors, ...beside.numbers].map(({ buffer }) => buffer)

/** The logarithm for a head. */
export function besideAt(beside: Beside | undefined, head: Head): Formula | undefined {
  if (beside === undefined) return undefined
  const { exponent, vectors, numbers } = beside
  const [value] = termsOf({
    expressions: [exponent],
    rows: Object.fromEntries(
      vectors.map((table) => [table.name, { buffer: table.buffer, start: placeOfTable(table, head) }]),
    ),
    scalars: {
      head: toReal(head.number),
      heads: toReal(size('heads')),
      ...Object.fromEntries(
        numbers.map((table) => [table.name, load(table.buffer, placeOfTable(table, head))]),
      ),
    },
  })
  return value && named('beside', value)
}

/** The head of a row where the query heads of a key/value head are rows. */
export function headInGroup(head: Head, row: Formula): Head {
  const queryHead = named('queryHead', add(mul(head.keyGroup, size(headsOfGroup)), row))
  return { ...head, queryHead, number: mod(queryHead, size('heads')) }
}
