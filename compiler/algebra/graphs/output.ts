/** What becomes of a row of the result, as a row made of it behind the step in which rows meet. */
import { invariant } from '../../diagnostics/invariant.ts'
import { declaredTensors } from '../../semantics/model.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import { row } from '../../symbolic/build.ts'
import { mapNodes } from '../../symbolic/traverse.ts'
import type { Attend, CallRows, Filtered, Mapped, Recur, RowOperation } from '../rows.ts'
import { mappedRows } from './map.ts'

/** The rows that an output sees beside that of the result. */
interface Beside {
  /** Of the call, multiplied by √scale, or features. */
  readonly q: CallRows | Filtered | Mapped
  readonly k: CallRows | Filtered | Mapped
  readonly v: CallRows | Filtered | Mapped
}

/** The last step of an attention, and those that make its output of the rows of it, where the file says so. */
export function withOutput(
  model: AttentionModel,
  meeting: Attend | Recur,
  { q, k, v }: Beside,
): readonly RowOperation[] {
  const { output, valueDim } = model
  if (output === undefined) return [meeting]
  const met = { ...meeting, result: 'met' }
  // Rows of the call alone are multiplied by √scale where they are seen.
  const names = { q: nameOf(q, 'the query'), k: nameOf(k, 'the key') }
  const expression = mapNodes(output, (node) => {
    if (node.kind !== 'variable' || (node.name !== 'q' && node.name !== 'k')) return undefined
    invariant(node.type.kind === 'vector', 'rows are vectors')
    return row(names[node.name], node.type.size)
  })
  const mapped = mappedRows({
    name: 'output',
    result: 'out',
    along: 'length',
    heads: 'heads',
    rows: { o: met, [names.q]: q, [names.k]: k, v },
    data: declaredTensors(model),
    entries: [{ start: 0, expression }],
    width: valueDim,
  })
  return [met, ...sumsBefore(mapped), mapped]
}

const nameOf = (rows: Beside['q'], whose: string): string =>
  rows.kind === 'call' ? rows.of : `entries of ${whose}`

/** Sums of single rows that a map has rows of. */
const sumsBefore = ({ rows, name }: Mapped): readonly Mapped[] =>
  Object.values(rows).filter((one) => one.kind === 'map' && one.name === `${name}_sums`) as readonly Mapped[]
