/**
 * `stabilize: max E`, as the papers' published code computes: in every
 * exponential the maximum of the part that sees the projections is subtracted
 * from the exponent, and E is added to the exponential.
 */
import type { Attention, FactorisedScore, FeatureBlock, ScaledTerm, Stabilize } from '../algebra/attention.ts'
import { add, apply, constant, subtract, variable } from '../symbolic/build.ts'
import type { Expression } from '../symbolic/expression.ts'
import { simplify } from '../symbolic/simplify.ts'
import { children, mapChildren, mentions } from '../symbolic/traverse.ts'

/** Whether a feature has an exponential from which a maximum is subtracted. A bounded one counts too. */
export const hasMaxima = ({ query, key }: FactorisedScore, stabilize: Stabilize): boolean =>
  stabilize.kind === 'max' && [...query, ...key].some(({ value }) => exponentialsOf(value).length > 0)

/** The value with the row's or the head's `maximum` taken off its projected exponentials. */
function stabilizeByMaxima(value: Expression, offset: number): Expression {
  const visit = (node: Expression): Expression => {
    if (!isExponential(node)) return mapChildren(node, visit)
    const exponent = node.args[0] as Expression
    const shifted = mentions(exponent, 'w') ? subtract(exponent, variable('maximum')) : exponent
    return add(apply('exp', shifted), constant(offset))
  }
  return simplify(visit(value))
}

/** A component for scaled sums: its exponent apart, or under `stabilize: max` and `none` all of it as coefficient. */
export function stabilized(
  { stabilize }: Pick<Attention, 'stabilize'>,
  block: FeatureBlock,
): Pick<ScaledTerm, 'coefficient' | 'exponent'> {
  return stabilize.kind === 'auto' ? block : { coefficient: valueOf({ stabilize }, block) }
}

/** The value of a component in one expression, with maxima subtracted under `stabilize: max`. */
export const valueOf = ({ stabilize }: Pick<Attention, 'stabilize'>, { value }: FeatureBlock): Expression =>
  stabilize.kind === 'max' ? stabilizeByMaxima(value, stabilize.offset) : value

/** The projected part of every exponential's exponent. */
export function exponentialsOf(value: Expression): Expression[] {
  if (!isExponential(value)) return children(value).flatMap(exponentialsOf)
  const projected = terms(value.args[0] as Expression).filter((term) => mentions(term, 'w'))
  return projected.length === 0 ? [] : [simplify(add(...projected))]
}

/**
 * Whether there is an exponential that is not to be treated so, or of which there is no one maximum: those of a
 * softmax, which take off a maximum of their own, and those of entries that see the projections.
 */
export const hasExponentialOfEntries = ({ query, key }: FactorisedScore): boolean =>
  [...query, ...key].some(({ value }) => withinReduce(value, false))

function withinReduce(node: Expression, inside: boolean): boolean {
  if (inside && isExponential(node)) return mentions(node, 'w') || hasMaximum(node)
  return children(node).some((child) => withinReduce(child, inside || node.kind === 'reduce'))
}

const hasMaximum = (node: Expression): boolean =>
  (node.kind === 'reduce' && node.operator === 'maximum') || children(node).some(hasMaximum)

const isExponential = (node: Expression): node is Expression & { kind: 'apply' } =>
  node.kind === 'apply' && node.operator === 'exp'

/** The summands of a sum. */
function terms(expression: Expression): Expression[] {
  if (expression.kind !== 'apply') return [expression]
  const [a, b] = expression.args
  if (a === undefined || b === undefined) return [expression]
  if (expression.operator === 'add') return [...terms(a), ...terms(b)]
  if (expression.operator === 'subtract')
    return [...terms(a), ...terms(b).map((term) => apply('negate', term))]
  return [expression]
}
