/** The table of operators: one record each, in `operators/`. */
import { arithmetic } from './operators/arithmetic.ts'
import { conditions } from './operators/conditions.ts'
import { functions } from './operators/functions.ts'
import { numbers } from './operators/numbers.ts'
import { rows } from './operators/rows.ts'
import { InvariantError } from '../diagnostics/invariant.ts'
import type { RowOperator, ScalarOperator } from './operators/operator.ts'

export { describeType } from './operators/operator.ts'
export type { RowOperator, ScalarOperator } from './operators/operator.ts'

export const scalarOperators = { ...arithmetic, ...functions, ...numbers, ...conditions }
export const rowOperators = rows

/** What a target must be able to spell: component form has no others. */
export type ScalarOperatorName = keyof typeof scalarOperators
export type RowOperatorName = keyof typeof rowOperators
export type OperatorName = ScalarOperatorName | RowOperatorName

const scalarByName: ReadonlyMap<string, ScalarOperator> = new Map(Object.entries(scalarOperators))
const rowByName: ReadonlyMap<string, RowOperator> = new Map(Object.entries(rowOperators))

export const scalarOperator = (name: string): ScalarOperator | undefined => scalarByName.get(name)
export const rowOperator = (name: string): RowOperator | undefined => rowByName.get(name)

/** The record of an operator that an expression already names. */
export function operatorNamed(name: string): ScalarOperator | RowOperator {
  const record = scalarByName.get(name) ?? rowByName.get(name)
  if (record === undefined) throw new InvariantError(`no operator is called ${name}`)
  return record
}
