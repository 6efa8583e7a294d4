/**
 * A rewrite has a name, one line of algebra, and a function that applies it. Most are given as a pattern and a
 * result, in which the variables a, b, c stand for any expression and m, n for constants.
 */
import { constant } from '../build.ts'
import type { Expression } from '../expression.ts'
import { scalarOperator } from '../operators.ts'
import { equals, mapChildren } from '../traverse.ts'

/** One rewrite. */
export interface Rewrite {
  readonly name: string
  readonly algebra: string
  /** The rewritten expression, or nothing where the rewrite does not apply. */
  readonly apply: (expression: Expression) => Expression | undefined
  /** Expressions in a, b, c that it applies to. The soundness test evaluates them before and after. */
  readonly examples: readonly Expression[]
}

/** The expressions that the variables of a pattern stand for. */
export type Bindings = ReadonlyMap<string, Expression>

/** A rewrite by a pattern and its result. */
export interface Pattern {
  readonly name: string
  readonly algebra: string
  readonly from: Expression
  readonly to: Expression
  readonly when?: (bound: (name: string) => Expression) => boolean
  /** Needed where `from` with plain variables does not satisfy `when` or has constants m, n. */
  readonly examples?: readonly Expression[]
}

/** The rewrite that a pattern describes. */
export function patternRewrite({ name, algebra, from, to, when, examples = [from] }: Pattern): Rewrite {
  return {
    name,
    algebra,
    examples,
    apply(expression) {
      const bindings = new Map<string, Expression>()
      if (!matches(from, expression, bindings)) return undefined
      const bound = (variable: string): Expression => bindings.get(variable) ?? constant(Number.NaN)
      return when === undefined || when(bound) ? instantiate(to, bindings) : undefined
    },
  }
}

const standsForConstant = (name: string): boolean => name === 'm' || name === 'n'

function matches(pattern: Expression, expression: Expression, bindings: Map<string, Expression>): boolean {
  if (pattern.kind === 'variable') {
    if (standsForConstant(pattern.name) && expression.kind !== 'constant') return false
    const known = bindings.get(pattern.name)
    if (known !== undefined) return equals(known, expression)
    bindings.set(pattern.name, expression)
    return true
  }
  if (pattern.kind === 'constant') return equals(pattern, expression)
  if (pattern.kind !== 'apply' || expression.kind !== 'apply') return false
  return (
    pattern.operator === expression.operator &&
    pattern.args.every((arg, n) => matches(arg, expression.args[n] ?? constant(Number.NaN), bindings))
  )
}

/** Folds arithmetic on constants at once, because an exponent m·n must be a constant again. */
function instantiate(pattern: Expression, bindings: Bindings): Expression {
  if (pattern.kind === 'variable') return bindings.get(pattern.name) ?? pattern
  const made = mapChildren(pattern, (child) => instantiate(child, bindings))
  return foldConstants(made) ?? made
}

/** The value of an operator on constants, where it is finite. */
export function foldConstants(expression: Expression): Expression | undefined {
  if (expression.kind !== 'apply' || expression.type.kind !== 'scalar') return undefined
  const record = scalarOperator(expression.operator)
  const numbers = expression.args.flatMap((arg) => (arg.kind === 'constant' ? [arg.value] : []))
  if (record === undefined || numbers.length < expression.args.length) return undefined
  const value = record.value(...numbers)
  return Number.isFinite(value) ? constant(value) : undefined
}
