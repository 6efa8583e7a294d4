/**
 * The functions of the language, as they are called, and where each may be. What
 * they do is `symbolic/operators.ts`; they are spelt as their operators.
 */
import type { OperatorName } from '../symbolic/operators.ts'

const signatures = {
  exp: '`exp(a)`',
  log: '`log(a)`',
  sqrt: '`sqrt(a)`',
  abs: '`abs(a)`',
  sin: '`sin(a)`',
  cos: '`cos(a)`',
  tanh: '`tanh(a)`',
  sinh: '`sinh(a)`',
  cosh: '`cosh(a)`',
  relu: '`relu(a)`',
  elu: '`elu(a)`',
  gelu: '`gelu(a)`',
  sigmoid: '`sigmoid(a)`',
  silu: '`silu(a)`',
  softplus: '`softplus(a)`',
  min: '`min(a, b)`',
  max: '`max(a, b)`',
  dot: '`dot(a, b)`, of two vectors of one size',
  sum: '`sum(a)`, of a vector',
  mean: '`mean(a)`, of a vector',
  norm: '`norm(a)`, of a vector',
  maximum: '`maximum(a)`, the largest entry of a vector',
  softmax: '`softmax(a)`, of a vector',
  outer: '`outer(a, b)`, of two vectors',
  floor: '`floor(a)`',
  random: '`random(a, b, seed)`, of three integers',
} satisfies Partial<Record<OperatorName, string>>

export type FunctionName = keyof typeof signatures

export const functionNames = Object.keys(signatures) as readonly FunctionName[]

export const isFunction = (name: string): name is FunctionName => Object.hasOwn(signatures, name)

/** How a function is called, for help. */
export const signatureOf = (name: FunctionName): string => signatures[name]

const conditionOnly: ReadonlySet<FunctionName> = new Set(['floor', 'random'])

/** Arithmetic on the indices of a pair. */
export const maskFunctions: ReadonlySet<FunctionName> = new Set([...conditionOnly, 'abs', 'min', 'max'])

/** Everything that is said of rows; also of constants, for which rows are missing. */
export const rowFunctions: ReadonlySet<FunctionName> = new Set(
  functionNames.filter((name) => !conditionOnly.has(name)),
)
