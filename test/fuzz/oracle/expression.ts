// Expressions of a checked spec, evaluated as they are written.
import type { Expression } from '../../../compiler/symbolic/expression.ts'
import { eluPlus, functions, rowFunctions } from './functions.ts'
import type { Row } from './functions.ts'
import { rounded } from './wide.ts'
import type { Wide } from './wide.ts'

type Value = Wide | Row
/** What the names in an expression stand for. */
export type Names = Readonly<Record<string, Value>>

const isRow = (value: Value): value is Row => Array.isArray(value)

export function evaluate(expression: Expression, names: Names): Value {
  if (expression.kind === 'constant') return rounded(expression.value)
  if (expression.kind === 'variable') return names[expression.name]!
  if (expression.kind !== 'apply') throw new Error('a checked spec has expressions as they were written')
  const { operator, args } = expression
  const elu = args.find((arg) => arg.kind === 'apply' && arg.operator === 'elu')
  const constant = args.find((arg) => arg.kind === 'constant')
  if (operator === 'add' && elu?.kind === 'apply' && constant?.kind === 'constant')
    return entryByEntry((a) => eluPlus(a, constant.value), [evaluate(elu.args[0]!, names)])
  const values = args.map((arg) => evaluate(arg, names))
  const ofRows = rowFunctions[operator]
  if (ofRows !== undefined) return ofRows(...(values as Row[]))
  const ofNumbers = functions[operator]
  if (ofNumbers === undefined) throw new Error(`there is no definition of ${operator}`)
  return entryByEntry(ofNumbers, values)
}

/** Scalars go with every entry of a row. */
function entryByEntry(f: (...numbers: Wide[]) => Wide, values: readonly Value[]): Value {
  const row = values.find(isRow)
  const at = (entry: number): Wide => f(...values.map((value) => (isRow(value) ? value[entry]! : value)))
  return row === undefined ? at(0) : row.map((_, entry) => at(entry))
}

export function evaluateNumber(expression: Expression, names: Names): Wide {
  const value = evaluate(expression, names)
  if (isRow(value)) throw new Error('expected a number, found a row')
  return value
}

/** A block of features: one, or as many as its row has entries. */
export function evaluateRow(expression: Expression, names: Names): Row {
  const value = evaluate(expression, names)
  return isRow(value) ? value : [value]
}
