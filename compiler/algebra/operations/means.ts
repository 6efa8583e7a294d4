/** Means of consecutive segments of rows. */
import type { Means } from '../rows.ts'
import type { Matrix, OperationRecord } from './record.ts'

/** The record of `means`. */
export const means: OperationRecord<Means> = {
  operands: ({ rows }) => [rows],
  shape: ({ rows, count }, of) => ({ count, width: of(rows).width }),
  evaluate({ rows, count }, { head, rows: rowsOf }) {
    const all = rowsOf(rows)
    return segmentMeans(rows.of === 'q' ? all.slice(0, head.queries) : all, count)
  },
  keysPermutable: ({ rows }) => (rows.of === 'q' ? undefined : 'segments are made of neighbouring keys'),
  prefixStable: () => 'means of its rows stand for the whole sequence',
  formula: ({ rows, count }, name) => `means of ${count} segments of ${name(rows)}`,
}

/** With s = ⌊rows/count⌋ the first (s + 1)·count − rows segments have s rows, and the others one more. */
function segmentMeans(rows: Matrix, count: number): Matrix {
  const short = Math.floor(rows.length / count)
  const shorter = (short + 1) * count - rows.length
  return Array.from({ length: count }, (_, segment) => {
    const from = segment * short + Math.max(0, segment - shorter)
    const members = rows.slice(from, from + (segment < shorter ? short : short + 1))
    return Float64Array.from(members[0] ?? [], (__, t) =>
      members.reduce((sum, row) => sum + (row[t] ?? 0) / members.length, 0),
    )
  })
}
