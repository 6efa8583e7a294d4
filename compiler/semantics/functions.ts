/**
 * The functions of the language, and where each may be called. Their records
 * say how they are called and what they do.
 */
import { rowOperators, scalarOperators } from '../symbolic/operators.ts'
import type { OperatorName, RowOperator, ScalarOperator } from '../symbolic/operators.ts'

/** The name of an operator whose record has a call. */
export type FunctionName = OperatorName

const records: ReadonlyMap<string, RowOperator | ScalarOperator> = new Map(
  Object.entries<RowOperator | ScalarOperator>({ ...scalarOperators, ...rowOperators }),
)

/** Whether files may call this name. */
export const isFunction = (name: string): name is FunctionName => records.get(name)?.call !== undefined

const conditionOnly: ReadonlySet<FunctionName> = new Set(['floor', 'random'])

/** Arithmetic on the indices of a pair. */
export const maskFunctions: ReadonlySet<FunctionName> = new Set([...conditionOnly, 'abs', 'min', 'max'])

/** Functions of rows, which constants may call too. */
export const rowFunctions: ReadonlySet<FunctionName> = new Set(
  [...records.keys()].filter(isFunction).filter((name) => !conditionOnly.has(name)),
)

/** All functions, those of rows first. */
export const functionNames: readonly FunctionName[] = [...rowFunctions, ...conditionOnly]

/** How a function is called, for help: "`sum(a)`, of a vector". */
export function signatureOf(name: string): string {
  const { parameters = '', about = '' } = records.get(name)?.call ?? {}
  const call = `\`${name}(${parameters})\``
  return about === '' ? call : `${call}, ${about}`
}
