/** Expressions of type state: `S`, what scales it, outer products, their sums; and what reads it. */
import { messages } from '../diagnostics/messages.ts'
import { state, vector } from '../symbolic/expression.ts'
import type { Expression, Type } from '../symbolic/expression.ts'
import { describeType } from '../symbolic/operators.ts'
import type { OperatorName } from '../symbolic/operators.ts'
import type * as ast from '../syntax/ast.ts'
import { seesState } from './recurrence.ts'
import type { Report } from './report.ts'
import type { CheckedCall, Scope, Special, StateSize } from './place.ts'

const isVector = (type: Type | undefined, size: number): boolean =>
  type?.kind === 'vector' && type.size === size

/** `read(x)` and `outer(x, y)` of a state of this size. */
export const stateCalls = ({ features, valueDim }: StateSize): ReadonlyMap<string, Special> =>
  new Map<string, Special>([
    [
      'read',
      ({ tree, args }, scope, report) => {
        const [x] = args
        if (x === undefined || args.length > 1 || (!isVector(x.type, features) && !scope.standIn))
          return complain({ tree, args }, `read(x)`, `x a vector of the ${features} features`, report)
        if (!seesState(x)) return { kind: 'apply', operator: 'read', type: vector(valueDim), args: [x] }
        report(messages.readOfRead(tree.span))
        return undefined
      },
    ],
    [
      'outer',
      ({ tree, args }, scope, report) => {
        const [x, y] = args
        const fits = isVector(x?.type, features) && isVector(y?.type, valueDim)
        if (x !== undefined && y !== undefined && args.length === 2 && (fits || scope.standIn))
          return { kind: 'apply', operator: 'outer', type: state, args: [x, y] }
        const wanted = `x a vector of the ${features} features and y one of value_dim ${valueDim}`
        return complain({ tree, args }, 'outer(x, y)', wanted, report)
      },
    ],
  ])

function complain({ tree, args }: CheckedCall, form: string, wanted: string, report: Report): undefined {
  const found = args.map(({ type }) => describeType(type)).join(' and ') || 'nothing'
  report(messages.stateCall(tree.span, form, wanted, found))
}

/** An operator with a state among its arguments. */
export interface StateOperation {
  readonly operator: OperatorName
  readonly written: string
  readonly args: readonly Expression[]
  readonly span: ast.Expression['span']
}

/** The state that an operator makes of states, scalars and vectors of features. */
export function combineStates(
  { operator, written, args, span }: StateOperation,
  { stateSize }: Scope,
  report: Report,
): Expression | undefined {
  const made: Expression = { kind: 'apply', operator, type: state, args }
  const [a, b] = args.map(({ type }) => type)
  const states = args.filter(({ type }) => type.kind === 'state').length
  const other = a?.kind === 'state' ? b : a
  const scales = other?.kind === 'scalar' || (stateSize !== undefined && isVector(other, stateSize.features))
  if (operator === 'negate') return made
  if ((operator === 'add' || operator === 'subtract') && states === 2) return made
  if (operator === 'multiply' && states === 1 && scales) return made
  if (operator === 'divide' && a?.kind === 'state' && b?.kind === 'scalar') return made
  if (other?.kind === 'matrix') report(messages.matrixScale(span))
  else
    report(
      messages.stateOperands(
        span,
        written,
        args.map(({ type }) => describeType(type)),
        stateSize?.features ?? 0,
      ),
    )
  return undefined
}
