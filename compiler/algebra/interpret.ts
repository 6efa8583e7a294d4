/**
 * The meaning of an attention of the algebra, in float64: each step by the record
 * of its operation. The schedule is held to this, and this to the checked spec.
 */
import { queryRowsOf } from '../../runtime/contract/query-lengths.ts'
import { stand } from '../../runtime/contract/weights.ts'
import { invariant } from '../diagnostics/invariant.ts'
import type { Attention, GivenRows, RowOperand } from './attention.ts'
import { isInterpretable, meetingOf, outputOf } from './facts.ts'
import { type Call, type Head, rowsOf } from './interpret/call.ts'
import { recordOf } from './operations/index.ts'
import type { Context, Matrix } from './operations/record.ts'

export type { Call } from './interpret/call.ts'
export { visibility } from './interpret/pairs.ts'

/** The output [B, H, L, valueDim]; undefined where a step has no float64 meaning here. */
export function interpret(attention: Attention, call: Call): Float64Array | undefined {
  if (!isInterpretable(attention)) return undefined
  const { dim, valueDim, scale } = attention
  const { batch, heads, kvHeads, length, keyLength, projection } = call
  const factor = Math.sqrt(scale)
  const w = projection === undefined ? [] : rowsOf(projection, 0, projection.length / dim, dim, 1)
  const out = new Float64Array(batch * heads * length * valueDim)
  for (let group = 0; group < batch * heads; group++) {
    const [item, index] = [Math.floor(group / heads), group % heads]
    const first = (item * kvHeads + Math.floor((index * kvHeads) / heads)) * keyLength
    const visible = call.lengths?.[item] ?? keyLength
    const rows = headOutput(attention, call, w, {
      item,
      index,
      q: rowsOf(call.q, group * length, length, dim, factor),
      queries: queryRowsOf(call, item),
      k: rowsOf(call.k, first, visible, dim, factor),
      v: rowsOf(call.v, first, visible, valueDim, 1),
    })
    rows.forEach((row, i) => out.set(row, (group * length + i) * valueDim))
  }
  return out
}

function headOutput(attention: Attention, call: Call, projection: Matrix, head: Head): Matrix {
  const known = new Map<RowOperand, Matrix>()
  const context: Context = {
    attention,
    call,
    head,
    projection,
    rows: (operand) => {
      const rows = known.get(operand) ?? compute(operand)
      known.set(operand, rows)
      return rows
    },
  }
  const compute = (operand: RowOperand): Matrix => {
    if (operand.kind === 'call') return head[operand.of]
    if (operand.kind === 'given') return givenRows(operand, context)
    // Of a head without keys the rows are zeros.
    if (operand === meetingOf(attention) && head.k.length === 0)
      return head.q.map(() => new Float64Array(attention.valueDim))
    const rows = recordOf(operand).evaluate?.(operand, context)
    invariant(rows !== undefined, 'each step has a meaning in float64')
    return rows
  }
  return context.rows(outputOf(attention))
}

/** The rows of one head, of this tensor or of the one that stands in for it. */
function givenRows(
  { weight, count, like }: GivenRows,
  { attention, call: { weights = {}, heads }, head }: Context,
): Matrix {
  const other = stand[weight]
  const tensor = weights[weight] ?? (other && weights[other])
  invariant(tensor !== undefined, `${weight} is given`)
  const factor = like === 'rows' ? Math.sqrt(attention.scale) : 1
  return rowsOf(tensor, head.index * count, count, tensor.length / (heads * count), factor)
}
