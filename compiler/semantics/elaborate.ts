/**
 * Syntax to typed expressions: names become variables or numbers, every
 * application gets the type that its operator's record gives it, and constants
 * are folded. Nothing comes back where something was wrong and has been said.
 */
import { messages } from '../diagnostics/messages.ts'
import { nearest } from '../diagnostics/nearest.ts'
import { constant } from '../symbolic/build.ts'
import type { Expression } from '../symbolic/expression.ts'
import type { OperatorName } from '../symbolic/operators.ts'
import type * as ast from '../syntax/ast.ts'
import { applyChecked } from './apply.ts'
import type { Application } from './apply.ts'
import { previousRow, turnedRow, writeOut } from './calls.ts'
import { functionNames, isFunction, signatureOf } from './functions.ts'
import type { Report } from './report.ts'
import { homes } from './scope.ts'
import type { Scope } from './place.ts'
import { combineStates } from './states.ts'
import { subscript } from './subscripts.ts'
import { fitsSingle } from './values.ts'

/** The expression, with every constant that remains in it a finite f32. */
export function elaborate(tree: ast.Expression, scope: Scope, report: Report): Expression | undefined {
  const expression = visit(tree, scope, report)
  return expression === undefined || fitsSingle(expression, tree.span, scope, report) ? expression : undefined
}

function visit(tree: ast.Expression, scope: Scope, report: Report): Expression | undefined {
  switch (tree.kind) {
    case 'number':
      return constant(tree.value)
    case 'reference':
      return reference(tree, scope, report)
    case 'call':
      return call(tree, scope, report)
    case 'index':
      return subscript(tree, scope, report, visit)
    case 'unary':
      return unary(tree, scope, report)
    case 'binary':
      return binary(tree, scope, report)
  }
}

function reference(tree: ast.Reference, scope: Scope, report: Report): Expression | undefined {
  const { name, span } = tree
  const meaning = scope.names.get(name)
  if (meaning !== undefined) return meaning
  const paired = scope.paired.get(name)
  if (paired !== undefined) {
    report(messages.inputRow(span, name, paired.rows))
    return undefined
  }
  const home = homes.get(name)
  if (isFunction(name)) report(messages.functionWithoutCall(span, name, signatureOf(name)))
  else if (home !== undefined) report(messages.nameElsewhere(span, name, scope.where, home))
  else report(messages.unknownName(span, name, scope.where, helpFor(name, scope)))
  return undefined
}

function helpFor(name: string, scope: Scope): string {
  const hint = scope.hint?.(name)
  if (hint !== undefined) return hint
  const near = nearest(name, [
    ...scope.names.keys(),
    ...scope.functions,
    ...(scope.definitions?.keys() ?? []),
  ])
  if (near !== undefined) return `did you mean \`${near}\`?`
  return `the names here are ${[...scope.names.keys()].map((known) => `\`${known}\``).join(', ')}`
}

function call(tree: ast.Call, scope: Scope, report: Report): Expression | undefined {
  const args = every(tree.args, scope, report)
  const { text: name, span } = tree.callee
  const checked = args && { tree, args }
  const special = scope.special?.get(name)
  if (special !== undefined) return checked && special(checked, scope, report)
  const definition = scope.definitions?.get(name)
  if (definition !== undefined && !isFunction(name))
    return checked && writeOut(definition, checked, scope, report, visit)
  if (name === 'previous' && scope.rows !== undefined) return checked && previousRow(checked, scope, report)
  if (!isFunction(name)) {
    const hint = scope.conditions ? undefined : scope.hint?.(name)
    if (hint !== undefined) report(messages.notAFunction(span, name, 'a feature', hint))
    else if (scope.names.has(name))
      report(messages.notAFunction(span, name, 'a value', 'multiplication is `*`'))
    else report(messages.unknownFunction(span, name, nearFunction(name, scope), functionNames))
    return undefined
  }
  if (!scope.functions.has(name)) {
    const others = [...scope.functions].map((allowed) => `\`${allowed}\``).join(', ')
    report(
      messages.functionElsewhere(
        span,
        name,
        scope.where,
        scope.conditions ? `a mask knows ${others}` : 'it belongs in a mask',
      ),
    )
    return undefined
  }
  if (name === 'rotary' || name === 'rotary_interleaved') return checked && turnedRow(checked, scope, report)
  return (
    args &&
    applyChecked({ operator: name, written: name, args, trees: tree.args, span: tree.span }, scope, report)
  )
}

const nearFunction = (name: string, { definitions }: Scope): string | undefined =>
  nearest(name, [...functionNames, ...(definitions?.keys() ?? [])])

function unary(tree: ast.Unary, scope: Scope, report: Report): Expression | undefined {
  const args = every([tree.operand], scope, report)
  if (tree.operator === '!' && !allowsConditions('!', tree, scope, report)) return undefined
  const operator = tree.operator === '!' ? 'not' : 'negate'
  const written = tree.operator
  return args && applied({ operator, written, args, trees: [tree.operand], span: tree.span }, scope, report)
}

/** An operator of signs, on states or on others. */
const applied = (application: Application, scope: Scope, report: Report): Expression | undefined =>
  application.args.some(({ type }) => type.kind === 'state')
    ? combineStates(application, scope, report)
    : applyChecked(application, scope, report)

const infix: Readonly<Record<ast.BinaryOperator, OperatorName>> = {
  '||': 'or',
  '&&': 'and',
  '<': 'less',
  '<=': 'lessEqual',
  '>': 'greater',
  '>=': 'greaterEqual',
  '==': 'equal',
  '!=': 'notEqual',
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '/': 'divide',
  '%': 'modulo',
  '^': 'power',
}

const arithmetic: ReadonlySet<ast.BinaryOperator> = new Set(['+', '-', '*', '/', '^'])
const comparisons: ReadonlySet<ast.BinaryOperator> = new Set(['<', '<=', '>', '>=', '==', '!='])

function binary(tree: ast.Binary, scope: Scope, report: Report): Expression | undefined {
  const { operator, left, right, span } = tree
  const args = every([left, right], scope, report)
  const allowed = arithmetic.has(operator) || (operator === '%' && scope.remainders === true)
  if (!allowed && !allowsConditions(operator, tree, scope, report)) return undefined
  const chained = comparisons.has(operator) ? [left, right].find(isComparison) : undefined
  if (chained !== undefined) {
    const [first, second] = chained === left ? [chained.operator, operator] : [operator, chained.operator]
    report(messages.chainedComparison(span, first, second))
    return undefined
  }
  return (
    args &&
    applied({ operator: infix[operator], written: operator, args, trees: [left, right], span }, scope, report)
  )
}

const isComparison = (tree: ast.Expression): tree is ast.Binary =>
  tree.kind === 'binary' && comparisons.has(tree.operator)

function allowsConditions(operator: string, tree: ast.Expression, scope: Scope, report: Report): boolean {
  if (scope.conditions) return true
  report(messages.operatorElsewhere(tree.span, operator, scope.where))
  return false
}

/** All of them, so that each one's mistakes are told, or nothing. */
function every(
  trees: readonly ast.Expression[],
  scope: Scope,
  report: Report,
): readonly Expression[] | undefined {
  const args = trees.map((tree) => visit(tree, scope, report))
  return args.every((arg) => arg !== undefined) ? args : undefined
}
