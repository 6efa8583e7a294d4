/** Calls that are no operators of their arguments alone: functions of the file, rows before, rows turned by position. */
import { messages } from '../diagnostics/messages.ts'
import { applyNamed, constant, variable } from '../symbolic/build.ts'
import type { Expression } from '../symbolic/expression.ts'
import { describeType } from '../symbolic/operators.ts'
import type * as ast from '../syntax/ast.ts'
import type { Definition } from './definitions.ts'
import { signatureOf } from './functions.ts'
import { limits } from './limits.ts'
import { reportAt } from './report.ts'
import type { Report } from './report.ts'
import type { CheckedCall, Scope } from './place.ts'

/** Turns a tree into an expression, as `elaborate` does; it is handed in, because the two need each other. */
export type Visit = (tree: ast.Expression, scope: Scope, report: Report) => Expression | undefined

/** The body of a function of the file with the arguments in the places of its parameters. */
export function writeOut(
  { declaration, standard, sound }: Definition,
  { tree, args }: CheckedCall,
  scope: Scope,
  report: Report,
  visit: Visit,
): Expression | undefined {
  const { name, parameters, body } = declaration
  if (!sound || body === undefined) return undefined
  if (args.length !== parameters.length) {
    report(
      messages.functionArguments(
        tree.span,
        name.text,
        parameters.map(({ text }) => text),
        args.length,
      ),
    )
    return undefined
  }
  const budget = scope.budget ?? { left: limits.writtenOut }
  if (--budget.left < 0) {
    report(messages.tooLongWrittenOut(tree.span, limits.writtenOut, limits.writtenOut))
    return undefined
  }
  const names = new Map([...scope.constants, ...parameters.map(({ text }, n) => [text, args[n]] as const)])
  const inner: Scope = {
    ...scope,
    where: `the function \`${name.text}\``,
    names: names as ReadonlyMap<string, Expression>,
    paired: new Map(),
    budget,
  }
  return visit(body, inner, standard ? reportAt(tree.span, report) : report)
}

/** `previous(x)`: what a row of the place was one row before, and zeros before the first. */
export function previousRow(
  { tree, args }: CheckedCall,
  scope: Scope,
  report: Report,
): Expression | undefined {
  const [row, ...others] = args
  if (row?.kind === 'variable' && others.length === 0 && scope.rows?.has(row.name) === true)
    return variable(`previous(${row.name})`, row.type, 'numbers')
  const known = [...(scope.rows ?? [])]
  report(messages.previousRow(tree.span, scope.where, known))
  return undefined
}

/** `rotary(x, theta)` by the position of the row, with the number of entries that are turned. */
export function turnedRow({ tree, args }: CheckedCall, scope: Scope, report: Report): Expression | undefined {
  const name = tree.callee.text
  const [row, theta, count] = args
  const complain = (complaint: string): undefined => {
    report(messages.wrongArguments(tree.span, name, complaint, signatureOf(name)))
  }
  if (row === undefined || theta === undefined || args.length > 3)
    return complain(`expected 2 or 3 arguments, found ${args.length}`)
  if (row.type.kind !== 'vector') return complain(`expected a vector, found ${describeType(row.type)}`)
  if (theta.type.kind !== 'scalar') return complain(`expected a scalar, found ${describeType(theta.type)}`)
  const most = row.type.size
  const turned = count ?? constant(most)
  if (turned.kind !== 'constant') return complain('expected a constant number of entries')
  const { value } = turned
  if (!scope.standIn && (!Number.isInteger(value / 2) || value < 2 || value > most))
    return complain(`expected an even number of entries from 2 to ${most}, found ${value}`)
  const position = scope.position?.(row)
  if (position === undefined) {
    report(messages.noPosition(tree.span, name, scope.where))
    return undefined
  }
  return applyNamed(name, [row, position, theta, turned])
}
