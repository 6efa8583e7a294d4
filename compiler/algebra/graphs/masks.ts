/** Masks apart: what goes by the places of rows, of which kernels leave out whole tiles, and what else hides a pair. */
import type { MaskModel } from '../../semantics/model.ts'
import { apply, constant, multiply, subtract } from '../../symbolic/build.ts'
import type { Apply, Expression } from '../../symbolic/expression.ts'
import { freeVariables } from '../../symbolic/traverse.ts'
import { invariant } from '../../diagnostics/invariant.ts'

const places: ReadonlySet<string> = new Set(['i', 'j', 'length'])

/** A mask of places alone, and the other conditions under which a pair is seen. */
export function apartFromPlaces(mask: MaskModel): {
  readonly mask: MaskModel
  readonly others: readonly Expression[]
} {
  if (mask.kind !== 'condition') return { mask, others: [] }
  const parts = conjuncts(mask.condition)
  const isOfPlaces = (part: Expression): boolean => [...freeVariables(part)].every((name) => places.has(name))
  const [first, ...rest] = parts.filter(isOfPlaces)
  const others = parts.filter((part) => !isOfPlaces(part))
  if (others.length === 0) return { mask, others }
  if (first === undefined) return { mask: { kind: 'none' }, others }
  if (rest.length === 0 && isCausal(first)) return { mask: { kind: 'causal' }, others }
  const condition = rest.reduce<Expression>((left, right) => apply('and', left, right), first)
  return { mask: { kind: 'condition', condition }, others }
}

/** Conditions that hold together where this one does. */
export const conjuncts = (condition: Expression): readonly Expression[] =>
  condition.kind === 'apply' && condition.operator === 'and' ? condition.args.flatMap(conjuncts) : [condition]

/** Whether it says that no row sees those after it. */
export function isCausal(condition: Expression): boolean {
  if (condition.kind !== 'apply') return false
  const [a, b] = condition.args
  const are = (left: string, right: string): boolean =>
    a?.kind === 'variable' && a.name === left && b?.kind === 'variable' && b.name === right
  return (
    (condition.operator === 'lessEqual' && are('j', 'i')) ||
    (condition.operator === 'greaterEqual' && are('i', 'j'))
  )
}

/** 1 where a condition holds and 0 elsewhere, as a number. */
export function indicator(condition: Expression): Expression {
  invariant(condition.kind === 'apply', 'a condition is built by operators')
  const [a, b] = condition.args as [Expression, Expression]
  const not = (one: Expression): Expression => subtract(constant(1), one)
  /** 1 where left is above right. */
  const above = (left: Expression, right: Expression): Apply =>
    apply('relu', apply('sign', subtract(left, right)))
  switch (condition.operator) {
    case 'not':
      return not(indicator(a))
    case 'and':
      return multiply(indicator(a), indicator(b))
    case 'or':
      return not(multiply(not(indicator(a)), not(indicator(b))))
    case 'less':
      return above(b, a)
    case 'greater':
      return above(a, b)
    case 'lessEqual':
      return not(above(a, b))
    case 'greaterEqual':
      return not(above(b, a))
    case 'notEqual':
      return apply('abs', apply('sign', subtract(a, b)))
    default:
      return not(apply('abs', apply('sign', subtract(a, b))))
  }
}
