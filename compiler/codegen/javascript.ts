/**
 * Scalar expressions as JavaScript: what a generated module computes on the
 * host, such as the decay of a head.
 */
import { invariant } from '../diagnostics/invariant.ts'
import type { Expression } from '../symbolic/expression.ts'

const spellings: Readonly<Record<string, (...args: string[]) => string>> = {
  add: (a, b) => `(${a} + ${b})`,
  subtract: (a, b) => `(${a} - ${b})`,
  multiply: (a, b) => `${a} * ${b}`,
  divide: (a, b) => `${a} / (${b})`,
  negate: (a) => `(-${a})`,
  power: (a, b) => `Math.pow(${a}, ${b})`,
  exp: (a) => `Math.exp(${a})`,
  log: (a) => `Math.log(${a})`,
  sqrt: (a) => `Math.sqrt(${a})`,
  abs: (a) => `Math.abs(${a})`,
  sin: (a) => `Math.sin(${a})`,
  cos: (a) => `Math.cos(${a})`,
  tanh: (a) => `Math.tanh(${a})`,
  sinh: (a) => `Math.sinh(${a})`,
  cosh: (a) => `Math.cosh(${a})`,
  floor: (a) => `Math.floor(${a})`,
  min: (a, b) => `Math.min(${a}, ${b})`,
  max: (a, b) => `Math.max(${a}, ${b})`,
  relu: (a) => `Math.max(${a}, 0)`,
  elu: (a) => `(${a} > 0 ? ${a} : Math.expm1(${a}))`,
  sigmoid: (a) => `1 / (1 + Math.exp(-(${a})))`,
  silu: (a) => `(${a}) / (1 + Math.exp(-(${a})))`,
  softplus: (a) => `(Math.max(${a}, 0) + Math.log1p(Math.exp(-Math.abs(${a}))))`,
}

/** Whether `javascript` can say it. */
export function isSpelt(expression: Expression): boolean {
  if (expression.kind === 'constant' || expression.kind === 'variable') return true
  return (
    expression.kind === 'apply' &&
    Object.hasOwn(spellings, expression.operator) &&
    expression.args.every(isSpelt)
  )
}

/** In the variables that the expression names. */
export function javascript(expression: Expression): string {
  if (expression.kind === 'constant')
    return expression.value < 0 ? `(${expression.value})` : String(expression.value)
  if (expression.kind === 'variable') return expression.name
  invariant(expression.kind === 'apply', 'what the host computes has scalars only')
  const spell = spellings[expression.operator]
  invariant(spell !== undefined, `the host can compute ${expression.operator}`)
  return spell(...expression.args.map(javascript))
}
