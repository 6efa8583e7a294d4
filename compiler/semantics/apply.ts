/** One operator on checked arguments: its type, its value where that is constant, or what is wrong. */
import type { Span } from '../diagnostics/diagnostic.ts'
import { messages } from '../diagnostics/messages.ts'
import { apply, applyNamed, constant } from '../symbolic/build.ts'
import type { Constant, Expression } from '../symbolic/expression.ts'
import { operatorNamed, scalarOperator } from '../symbolic/operators.ts'
import type { OperatorName } from '../symbolic/operators.ts'
import { print } from '../symbolic/print.ts'
import type * as ast from '../syntax/ast.ts'
import { isFunction, signatureOf } from './functions.ts'
import { isIntegral } from '../symbolic/index-arithmetic.ts'
import { limits } from './limits.ts'
import type { Report } from './report.ts'
import type { Scope } from './place.ts'
import { inTermsOfDim } from './sizes.ts'
import { fitsSingle } from './values.ts'

/** An operator on arguments that are checked themselves. */
export interface Application {
  readonly operator: OperatorName
  /** As the file spells it. */
  readonly written: string
  readonly args: readonly Expression[]
  /** Where each argument was written. */
  readonly trees: readonly ast.Expression[]
  readonly span: Span
}

/** The application with its type, folded where all arguments are constants. */
export function applyChecked(application: Application, scope: Scope, report: Report): Expression | undefined {
  const { operator, written, args, span } = application
  const type = operatorNamed(operator).type(args.map((arg) => arg.type))
  if (typeof type === 'string') {
    const complaint = inTermsOfDim(type, scope.standIn)
    if (isFunction(written)) report(messages.wrongArguments(span, written, complaint, signatureOf(written)))
    else report(messages.wrongOperands(span, written, complaint))
    return undefined
  }
  if (type.kind === 'vector' && type.size > limits.features && !scope.standIn) {
    report(messages.vectorTooLong(span, type.size, limits.features))
    return undefined
  }
  if (!allowedValues(application, scope, report)) return undefined
  const numbers = args.filter((arg): arg is Constant => arg.kind === 'constant')
  if (numbers.length === args.length && type.kind === 'scalar')
    return fold(application, numbers, scope, report)
  const fits = application.trees.map((tree, index) => {
    const arg = args[index]
    return arg === undefined || fitsSingle(arg, tree.span, scope, report)
  })
  if (fits.includes(false)) return undefined
  return operator === 'power' ? raise(application, scope, report) : applyNamed(operator, args)
}

/** Rules about the value of an argument rather than its type. */
function allowedValues({ operator, args, trees, span }: Application, scope: Scope, report: Report): boolean {
  if (scope.standIn) return true
  const divisor = args[1]
  if (
    (operator === 'divide' || operator === 'modulo') &&
    divisor?.kind === 'constant' &&
    divisor.value === 0
  ) {
    report(messages.undefinedValue(span, 'this division', 'by zero'))
    return false
  }
  if (operator !== 'random') return true
  const fraction = args.findIndex((arg) => !isIntegral(arg))
  const found = args[fraction]
  if (found === undefined) return true
  const what = found.kind === 'constant' ? String(found.value) : 'what may be a fraction'
  report(messages.randomArgument(trees[fraction]?.span ?? span, what))
  return false
}

function fold(
  { operator, args, span }: Application,
  numbers: readonly Constant[],
  scope: Scope,
  report: Report,
): Expression | undefined {
  const value = scalarOperator(operator)?.value(...numbers.map((number) => number.value))
  if (value === undefined) return applyNamed(operator, args)
  if (Number.isFinite(value)) return constant(value)
  if (scope.standIn) return constant(1)
  const text = print(applyNamed(operator, args))
  report(messages.undefinedValue(span, `\`${text}\``, Number.isNaN(value) ? 'not a number' : 'infinite'))
  return undefined
}

/** A power of a constant whose exponent varies is an exponential; other exponents are constant. */
function raise(
  { operator, args, trees, span }: Application,
  scope: Scope,
  report: Report,
): Expression | undefined {
  const [base, exponent] = args
  if (base === undefined || exponent === undefined) return undefined
  if (exponent.kind === 'constant') return applyNamed(operator, args)
  if (scope.varyingExponents && base.kind === 'constant' && base.value > 0)
    return apply('exp', apply('multiply', constant(Math.log(base.value)), exponent))
  report(messages.exponentNotConstant(trees[1]?.span ?? span))
  return undefined
}
