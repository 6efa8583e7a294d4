/** A state that rows change one after another, and that queries read. */
import type { Entries, Recur, RecurTerm, RowOperand } from '../rows.ts'
import type { Context, Matrix, OperationRecord } from './record.ts'

/** The record of `recur`. */
export const recur: OperationRecord<Recur> = {
  operands: (operation) => [...new Set(entriesOf(operation).map(({ rows }) => rows))],
  shape: () => ({ count: undefined, width: undefined }),
  evaluate: rowByRow,
  keysPermutable: () => 'rows change a state one after another',
  weightsPositive: ({ terms }) =>
    terms.some(({ reads }) => reads.length > 0)
      ? 'what is read of the state may be taken from it'
      : undefined,
  formula: printUpdate,
}

/** All rows that it takes, in the order of its text. */
const entriesOf = ({ queries, scale, terms }: Recur): readonly Entries[] => [
  queries,
  ...[
    scale,
    ...terms.flatMap(({ x, writes, reads }) => [x, ...writes, ...reads.flatMap(({ a, by }) => [a, by])]),
  ].filter((part) => typeof part !== 'number'),
]

function rowByRow(operation: Recur, { attention: { valueDim }, head, rows }: Context): Matrix {
  const { features, queries, terms } = operation
  const entries = ({ rows: of, first, width }: Entries, row: number): Float64Array =>
    rows(of)[row]?.subarray(first, first + width) ?? new Float64Array(width)
  const numbers = (of: Entries | number, row: number): ((index: number) => number) => {
    if (typeof of === 'number') return () => of
    const given = entries(of, row)
    return (index) => given[given.length === 1 ? 0 : index] ?? 0
  }
  let state: Matrix = Array.from({ length: features }, () => new Float64Array(valueDim))
  const read = (by: Float64Array): Float64Array =>
    Float64Array.from({ length: valueDim }, (_, column) =>
      state.reduce((sum, row, feature) => sum + (by[feature] ?? 0) * (row[column] ?? 0), 0),
    )
  const written = ({ writes, reads }: RecurTerm, row: number): Float64Array => {
    const parts = [
      ...writes.map((y) => entries(y, row)),
      ...reads.map(({ a, by }) => {
        const factor = numbers(by, row)
        return read(entries(a, row)).map((entry, column) => factor(column) * entry)
      }),
    ]
    return Float64Array.from({ length: valueDim }, (_, column) =>
      parts.reduce((sum, part) => sum + (part[column] ?? 0), 0),
    )
  }
  const after = (row: number): Matrix => {
    const kept = numbers(operation.scale, row)
    const added = terms.map((term) => ({ x: entries(term.x, row), by: written(term, row) }))
    return state.map((old, feature) =>
      old.map((entry, column) =>
        added.reduce((sum, { x, by }) => sum + (x[feature] ?? 0) * (by[column] ?? 0), kept(feature) * entry),
      ),
    )
  }
  const out: Float64Array[] = []
  for (let row = 0; row < Math.max(head.q.length, head.k.length); row++) {
    if (row < head.k.length) state = after(row)
    if (row < head.q.length) out.push(read(entries(queries, row)))
  }
  return out
}

/** S ← D∘S + Σ x (…)ᵀ, out = qᵀS. */
function printUpdate({ queries, scale, terms }: Recur, name: (operand: RowOperand) => string): string {
  const text = (of: Entries | number): string =>
    typeof of === 'number' ? String(of) : `${name(of.rows)}[${of.first}:${of.first + of.width}]`
  const kept = scale === 1 ? 'S' : `${text(scale)} ∘ S`
  const added = terms.map(({ x, writes, reads }) => {
    const parts = [...writes.map(text), ...reads.map(({ a, by }) => `${text(by)} · ${text(a)}ᵀS`)]
    return `${text(x)} (${parts.join(' + ')})ᵀ`
  })
  return `${text(queries)}ᵀS, S ← ${[kept, ...added].join(' + ')}`
}
