/**
 * Scalar expressions as JavaScript: what a generated module computes on the
 * host, such as the decay of a head.
 */
import { invariant } from '../diagnostics/invariant.ts'
import type { Expression } from '../symbolic/expression.ts'
import { scalarOperator } from '../symbolic/operators.ts'

type Spelling = (...args: string[]) => string

/** Calls a function whose body names its argument twice: written out, each level would double the text below it. */
const applied =
  (body: string): Spelling =>
  (a) =>
    `((x) => ${body})(${a})`

/** Operators that are no function of `Math`. */
const spellings: Readonly<Record<string, Spelling>> = {
  add: (a, b) => `(${a} + ${b})`,
  subtract: (a, b) => `(${a} - ${b})`,
  multiply: (a, b) => `${a} * ${b}`,
  divide: (a, b) => `${a} / (${b})`,
  negate: (a) => `(-${a})`,
  power: (a, b) => `Math.pow(${a}, ${b})`,
  min: (a, b) => `Math.min(${a}, ${b})`,
  max: (a, b) => `Math.max(${a}, ${b})`,
  relu: (a) => `Math.max(${a}, 0)`,
  elu: applied('x > 0 ? x : Math.expm1(x)'),
  sigmoid: (a) => `1 / (1 + Math.exp(-(${a})))`,
  silu: applied('x / (1 + Math.exp(-x))'),
  softplus: applied('Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))'),
}

/** An operator whose record takes its value from `Math` is called as that function. */
function spellingOf(operator: string): Spelling | undefined {
  if (Object.hasOwn(spellings, operator)) return spellings[operator]
  const value: unknown = scalarOperator(operator)?.value
  const inMath = typeof value === 'function' && Reflect.get(Math, operator) === value
  return inMath ? (a) => `Math.${operator}(${a})` : undefined
}

/** Whether JavaScript can compute the expression; `javascript` fails on any other. */
export function isSpelt(expression: Expression): boolean {
  if (expression.kind === 'constant' || expression.kind === 'variable') return true
  return (
    expression.kind === 'apply' &&
    spellingOf(expression.operator) !== undefined &&
    expression.args.every(isSpelt)
  )
}

/** JavaScript source of a scalar expression, in the variables that it names. */
export function javascript(expression: Expression): string {
  if (expression.kind === 'constant')
    return expression.value < 0 ? `(${expression.value})` : String(expression.value)
  if (expression.kind === 'variable') return expression.name
  invariant(expression.kind === 'apply', 'what the host computes has scalars only')
  const spell = spellingOf(expression.operator)
  invariant(spell !== undefined, `the host can compute ${expression.operator}`)
  return spell(...expression.args.map(javascript))
}
