/** `x[3]`, `x[0:16]`, `table[e]`, and the inputs of a pair by its rows, `document[i]`. */
import { messages } from '../diagnostics/messages.ts'
import { applyNamed, constant, slice, variable } from '../symbolic/build.ts'
import type { Expression } from '../symbolic/expression.ts'
import { isIntegral } from '../symbolic/index-arithmetic.ts'
import { describeType } from '../symbolic/operators.ts'
import type * as ast from '../syntax/ast.ts'
import type { Visit } from './calls.ts'
import { inTermsOfDim } from './sizes.ts'
import type { Report } from './report.ts'
import type { Scope } from './place.ts'

/** The entries of a row, or the row of a pair that an input is of. */
export function subscript(
  tree: ast.Index,
  scope: Scope,
  report: Report,
  visit: Visit,
): Expression | undefined {
  const { operand, start, end } = tree
  const paired = operand.kind === 'reference' ? scope.paired.get(operand.name) : undefined
  if (operand.kind === 'reference' && paired !== undefined && !scope.names.has(operand.name)) {
    const row = start.kind === 'reference' && end === undefined ? start.name : undefined
    if (row !== undefined && paired.rows.includes(row))
      return variable(`${operand.name}[${row}]`, paired.type, paired.given)
    report(messages.inputRow(tree.span, operand.name, paired.rows))
    return undefined
  }
  const within: Scope = { ...scope, functions: new Set([...scope.functions, 'floor']), remainders: true }
  const row = visit(operand, scope, report)
  const from = visit(start, within, report)
  const to = end && visit(end, within, report)
  if (row === undefined || from === undefined || (end !== undefined && to === undefined)) return undefined
  if (row.type.kind !== 'vector') {
    const found = inTermsOfDim(describeType(row.type), scope.standIn)
    report(messages.entriesOfVector(operand.span, found))
    return undefined
  }
  if (to === undefined) return entryAt(row, row.type.size, from, start, scope, report)
  return sliceOf(row, row.type.size, { from, to }, tree, scope, report)
}

function entryAt(
  row: Expression,
  size: number,
  index: Expression,
  tree: ast.Expression,
  scope: Scope,
  report: Report,
): Expression | undefined {
  if (index.type.kind !== 'scalar' || !isIntegral(index)) {
    report(messages.entryIndex(tree.span, describeType(index.type)))
    return undefined
  }
  if (index.kind === 'constant' && !scope.standIn && (index.value < 0 || index.value >= size)) {
    if (isTable(row, scope))
      return applyNamed('entry', [row, constant(Math.min(Math.max(index.value, 0), size - 1))])
    report(messages.entryRange(tree.span, String(index.value), size))
    return undefined
  }
  return applyNamed('entry', [row, index])
}

/** Whether these are the entries of a weight, whose index is clamped to its ends, and not those of a row. */
const isTable = (row: Expression, { rows }: Scope): boolean =>
  row.kind === 'variable' &&
  row.given !== undefined &&
  !row.name.includes('[') &&
  rows?.has(row.name) !== true

function sliceOf(
  row: Expression,
  size: number,
  { from, to }: { readonly from: Expression; readonly to: Expression },
  tree: ast.Index,
  scope: Scope,
  report: Report,
): Expression | undefined {
  if (from.kind !== 'constant' || to.kind !== 'constant') {
    report(messages.sliceConstant(tree.span))
    return undefined
  }
  const [start, end] = [from.value, to.value]
  const right = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end && end <= size
  if (right) return slice(row, start, end)
  // Of a row whose size is not known yet, some entries stand in.
  if (scope.standIn) return slice(row, 0, Math.max(1, Math.min(size, Math.round(end - start) || 1)))
  report(messages.entryRange(tree.span, `${start}:${end}`, size))
  return undefined
}
