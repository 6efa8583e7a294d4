/** The table of operators: one record each, in `operators/`. */
import { arithmetic } from './operators/arithmetic.ts'
import { conditions } from './operators/conditions.ts'
import { entries } from './operators/entries.ts'
import { functions } from './operators/functions.ts'
import { numbers } from './operators/numbers.ts'
import { rows } from './operators/rows.ts'
import { InvariantError } from '../diagnostics/invariant.ts'
import type { RowOperator, ScalarOperator } from './operators/operator.ts'

export { describeType } from './operators/operator.ts'
export type { RowOperator, ScalarOperator } from './operators/operator.ts'

/** Every operator on numbers, by name. */
export const scalarOperators = { ...functions, ...arithmetic, ...numbers, ...conditions }
/** Every operator on rows, by name. */
export const rowOperators = { ...rows, ...entries }

/** The operators that every target spells: component form has no others. */
export type ScalarOperatorName = keyof typeof scalarOperators
/** The operators on rows. */
export type RowOperatorName = keyof typeof rowOperators
/** Any operator. */
export type OperatorName = ScalarOperatorName | RowOperatorName

const scalarByName: ReadonlyMap<string, ScalarOperator> = new Map(Object.entries(scalarOperators))
const rowByName: ReadonlyMap<string, RowOperator> = new Map(Object.entries(rowOperators))

/** The record of an operator on numbers, if the name is one's. */
export const scalarOperator = (name: string): ScalarOperator | undefined => scalarByName.get(name)
/** The record of an operator on rows, if the name is one's. */
export const rowOperator = (name: string): RowOperator | undefined => rowByName.get(name)

/** The record of an operator that an expression already names. */
export function operatorNamed(name: string): ScalarOperator | RowOperator {
  const record = scalarByName.get(name) ?? rowByName.get(name)
  if (record === undefined) throw new InvariantError(`no operator is called ${name}`)
  return record
}
